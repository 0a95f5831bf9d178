"""Dotprompt: YAML front matter and a Handlebars body, whose grammar our own body shares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from app.domain.exchange import parts
from app.domain.exchange.errors import ExportImpossible
from app.domain.exchange.formats import picoschema
from app.domain.exchange.record import (
    Record,
    inverse,
    kept,
    kind_of,
    renamed,
    rest,
    without_empty,
)
from app.domain.exchange.source import Source, with_front_matter

NAME = "dotprompt"
SUFFIX = ".prompt"
PARAMS = {
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
}
_KNOWN = ("name", "description", "model", "tools", "toolDefs", "config", "input", "output")
# Keys of ours in their files: dotted ones are what Dotprompt has for extensions.
_OURS = "promptroom."
_TOLD = ("title", "folder", "provider", "tags", "labels", "version", "message", "tests", "engine")
_MARKER = r"""\{\{\s*(?:role\s+["'][A-Za-z]+["']|history)\s*\}\}"""
_INLINE = re.compile(rf"(?<!\\)[ \t]*({_MARKER})[ \t]*")
_ALONE = re.compile(rf"[ \t]*{_MARKER}[ \t]*")
_MODEL = re.compile(
    r"""^([ \t]*\{\{\s*role\s+["'])(model|assistant)(["']\s*\}\}[ \t]*)$""", re.MULTILINE
)
_QUOTED = re.compile(r'\{\{>\s*"([A-Za-z0-9_./-]+@[A-Za-z0-9_.-]+)"\s*\}\}')
_LABELLED = re.compile(r"\{\{>\s*([A-Za-z0-9_./-]+@[A-Za-z0-9_.-]+)\s*\}\}")


def looks_like(front: dict[str, Any], body: str) -> bool:
    own = {"input", "output", "config", "toolDefs", "variant"} & front.keys()
    return bool(own) or _INLINE.search(body) is not None


def read(source: Source) -> Iterator[Record]:
    front = source.value
    stem, _, variant = PurePosixPath(source.file).name.removesuffix(SUFFIX).partition(".")
    ext = rest(front, *_KNOWN, *(_OURS + key for key in _TOLD))
    if variant and "name" not in front and "variant" not in ext:
        ext["variant"] = variant
    told = {key: front[_OURS + key] for key in _TOLD if _OURS + key in front}
    variables = _variables(source, ext)
    schema = _output(source, ext)
    text = _theirs_to_ours(source.body.removesuffix("\n"))
    yield Record(
        name=source.text_at("name", stem) or stem,
        is_named_by_file=not source.text_at("name"),
        text=text,
        kind=kind_of(text),
        title=str(told.get("title", "")),
        description=source.text_at("description"),
        folder=str(told.get("folder", "")),
        template_format=str(told.get("engine", "")),
        variables=tuple(variables),
        provider=str(told.get("provider", "")),
        model=source.text_at("model"),
        params=renamed(source.object_at("config"), PARAMS),
        tools=tuple(_tools(source)),
        response_schema=schema,
        tags=_texts(told.get("tags")),
        labels=_texts(told.get("labels")),
        version=told["version"] if isinstance(told.get("version"), int) else None,
        message=str(told.get("message", "")),
        tests=tuple(told["tests"]) if isinstance(told.get("tests"), list) else (),
        ext={NAME: ext} if ext else {},
        origin=source,
    )


def write(record: Record) -> bytes:
    """Raises `ExportImpossible`."""
    body = _MODEL.sub(lambda m: f"{m[1]}model{m[3]}", record.text)
    for line in body.split("\n"):
        if line.startswith("{{part {") and parts.has_parts(line):
            raise ExportImpossible(
                "Dotprompt has no words for the calls of tools, names of speakers and parts other "
                "than images. Export it as openai or langfuse."
            )
    body = _LABELLED.sub(lambda m: '{{> "' + m[1] + '"}}', body)
    return with_front_matter(_front(record), body + "\n")


def _front(record: Record) -> dict[str, Any]:
    ext = record.own(NAME)
    names = [str(one["name"]) for one in record.tools if one.keys() == {"name"}]
    defined = [_definition(one) for one in record.tools if one.keys() != {"name"}]
    told = {
        "title": record.title,
        "folder": record.folder,
        "provider": record.provider,
        "engine": record.template_format,
        "tags": list(record.tags),
        "labels": list(record.labels),
        "version": record.version,
        "message": record.message,
        "tests": list(record.tests),
    }
    return without_empty(
        {
            "name": record.name,
            "variant": ext.pop("variant", None),
            "description": record.description,
            "model": record.model,
            "tools": names,
            "toolDefs": defined,
            "config": renamed(record.params, inverse(PARAMS)),
            "input": _input(record, ext.pop("input", None)),
            "output": _written_output(record, ext.pop("output", None)),
        }
    ) | {**ext, **{_OURS + key: value for key, value in without_empty(told).items()}}


def _variables(source: Source, ext: dict[str, Any]) -> list[Any]:
    given = source.object_at("input")
    found = _declared(source.under("input")) if given else []
    if given and given != _made_input(found):
        ext["input"] = given
    return found


def _declared(source: Source) -> list[Any]:
    schema: dict[str, Any] = {}
    if source.value.get("schema") is not None:
        schema = picoschema.json_schema(source.under("schema"))
    return picoschema.variables(schema, source.object_at("default"))


def _made_input(variables: Any) -> dict[str, Any]:
    defaults = {v["name"]: v["default"] for v in variables if v.get("default") is not None}
    return without_empty({"default": defaults, "schema": picoschema.written(variables)})


def _input(record: Record, given: Any) -> dict[str, Any]:
    is_same = given is not None and _declared(_plain(given)) == [dict(v) for v in record.variables]
    made: dict[str, Any] = kept(given, is_same, _made_input(record.variables))
    return made


def _output(source: Source, ext: dict[str, Any]) -> dict[str, Any] | None:
    given = source.object_at("output")
    if not given:
        return None
    schema = _schema(source.under("output"))
    if given != _made_output(schema):
        ext["output"] = given
    return schema


def _schema(source: Source) -> dict[str, Any] | None:
    has_one = source.value.get("schema") is not None
    return picoschema.json_schema(source.under("schema")) if has_one else None


def _made_output(schema: Any) -> dict[str, Any]:
    return {} if schema is None else {"format": "json", "schema": schema}


def _written_output(record: Record, given: Any) -> dict[str, Any]:
    is_same = given is not None and _schema(_plain(given)) == record.response_schema
    made: dict[str, Any] = kept(given, is_same, _made_output(record.response_schema))
    return made


def _plain(value: Any) -> Source:
    return Source("", "", value, lambda: None)


def _tools(source: Source) -> Iterator[dict[str, Any]]:
    for index, name in enumerate(source.list_at("tools")):
        if not isinstance(name, str):
            source.bad("tools is a list of names; toolDefs holds definitions.", "tools", index)
        yield {"name": name}
    for index, one in enumerate(source.list_at("toolDefs")):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            source.bad("A tool needs a name.", "toolDefs", index)
        schema = one.get("inputSchema")
        if schema is not None:
            schema = picoschema.json_schema(source.under("toolDefs", index, "inputSchema"))
        function = {"name": one["name"], "description": one.get("description")}
        more = rest(one, "name", "description", "inputSchema")
        yield {
            "type": "function",
            "function": without_empty(function)
            | ({} if schema is None else {"parameters": schema})
            | more,
        }


def _definition(tool: Any) -> dict[str, Any]:
    function = tool.get("function", tool)
    more = rest(function, "name", "description", "parameters")
    schema = function.get("parameters", {"type": "object", "properties": {}})
    told = {"name": function.get("name", ""), "description": function.get("description")}
    return without_empty(told) | {"inputSchema": schema} | more


def _theirs_to_ours(body: str) -> str:
    """Markers on lines of their own, in our words."""
    lines = body.split("\n")
    if any(not _ALONE.fullmatch(line) and _INLINE.search(line) for line in lines):
        lines = [made for line in lines for made in _split(line)]
    body = _MODEL.sub(lambda m: f"{m[1]}assistant{m[3]}", "\n".join(lines))
    return _QUOTED.sub(lambda m: "{{> " + m[1] + "}}", body)


def _split(line: str) -> list[str]:
    if _ALONE.fullmatch(line):
        return [line]
    pieces = _INLINE.split(line)
    return [one for index, one in enumerate(pieces) if one or (len(pieces) == 1 and index == 0)]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()
