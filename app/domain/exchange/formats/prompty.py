"""Prompty: version 2 is read and written, version 1 read. `${env:…}` and `${file:…}` stay words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from app.domain.exchange import parts
from app.domain.exchange.errors import ExportImpossible
from app.domain.exchange.formats import properties
from app.domain.exchange.record import Record, inverse, renamed, rest, without_empty
from app.domain.exchange.source import Source, with_front_matter
from app.domain.prompts import template
from app.domain.prompts.template import Message

NAME = "prompty"
SUFFIX = ".prompty"
PARAMS = {
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
}
_KNOWN = ("name", "displayName", "description", "metadata", "model", "inputs", "outputs", "tools")
_V1 = ("authors", "tags", "version", "sample")  # beside metadata there, within it here
_PROVIDERS = {"azure_openai": "azure", "azure": "azure", "openai": "openai"}
_ROLE = re.compile(
    r"\s*#?\s*(system|user|assistant|developer|tool)(\[[^\]\n]*\])?\s*:\s*", re.IGNORECASE
)
_PLACE = re.compile(r"\s*\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}\s*")
_SECRET = re.compile(r"api_?key|password|secret|token|credential", re.IGNORECASE)
_HISTORY = "history"


def read(source: Source) -> Iterator[Record]:
    front = source.value
    metadata = {key: front[key] for key in _V1 if key in front} | source.object_at("metadata")
    own = metadata.pop("promptroom", None)
    own = dict(own) if isinstance(own, Mapping) else {}
    tags = metadata.pop("tags", [])
    if not isinstance(tags, list):
        source.bad("tags has to be a list of texts.", "metadata", "tags")
    model, params, ext = _model(source)
    ext |= rest(front, *_KNOWN, *_V1, "template")
    if metadata:
        ext["metadata"] = metadata
    template_format = _format(source, ext)
    threads = [p["name"] for p in properties.listed(front.get("inputs")) if _is_thread(p)]
    if threads not in ([], [_HISTORY]):
        ext["threads"] = threads
    variables = _variables(source, ext)
    yield Record(
        name=source.text_at("name", PurePosixPath(source.file).name.removesuffix(SUFFIX)),
        is_named_by_file="name" not in front,
        title=source.text_at("displayName"),
        description=source.text_at("description"),
        text=_read_body(source.body, threads),
        template_format=template_format,
        variables=tuple(variables),
        provider=model["provider"],
        model=model["id"],
        params=params,
        tools=tuple(own.get("tools") or map(properties.tool, _tools(source))),
        response_schema=own.get("responseSchema") or _outputs(source, ext),
        tags=tuple(str(tag) for tag in tags),
        folder=str(own.get("folder", "")),
        labels=tuple(own.get("labels", ())),
        version=own.get("version"),
        message=str(own.get("message", "")),
        tests=tuple(own.get("tests", ())),
        ext={NAME: ext} if ext else {},
        origin=source,
    )


def write(record: Record) -> bytes:
    """Always version 2. Raises `ExportImpossible`."""
    ext = record.own(NAME)
    names = ext.pop("threads", None) or [_HISTORY]
    body = _write_body(record.text, names)
    has_history = any(one.role == "history" for one in template.messages_of(record.text))
    tools = [properties.written_tool(one) for one in record.tools]
    outputs = ext.pop("outputs", None)
    is_same = outputs is not None and properties.schema(outputs) == record.response_schema
    own = {
        "folder": record.folder,
        "labels": list(record.labels),
        "version": record.version,
        "message": record.message,
        "tests": list(record.tests),
        "tools": [] if [*map(properties.tool, tools)] == [*record.tools] else list(record.tools),
        "responseSchema": None if is_same else record.response_schema,
    }
    metadata = {**ext.pop("metadata", {}), "tags": list(record.tags)}
    metadata["promptroom"] = without_empty(own)
    front = {
        "name": record.name,
        "displayName": record.title,
        "description": record.description,
        "metadata": without_empty(metadata),
        "model": _written_model(record, ext.pop("model", {})),
        "inputs": _written_inputs(record, ext.pop("inputs", None), names if has_history else []),
        "outputs": outputs if is_same else properties.properties(record.response_schema),
        "tools": tools,
        "template": _written_template(record, ext.pop("template", None)),
    }
    return with_front_matter(without_empty(front) | ext, body)


def _model(source: Source) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
    """Id and provider; parameters by our names; what else there is."""
    given = source.value.get("model")
    if isinstance(given, str):
        return {"id": given, "provider": ""}, {}, {}
    given = source.object_at("model")
    _refuse_secrets(source.under("model") if given else source, given)
    if {"configuration", "parameters", "api"} & given.keys():
        given = _from_v1(given)
    options = given.get("options")
    options = dict(options) if isinstance(options, Mapping) else {}
    more = rest(given, "id", "provider", "options")
    told = {key: str(given.get(key) or "") for key in ("id", "provider")}
    return told, renamed(options, PARAMS), {"model": more} if more else {}


def _from_v1(given: Mapping[str, Any]) -> dict[str, Any]:
    found = given.get("configuration")
    configuration = dict(found) if isinstance(found, Mapping) else {}
    provider = str(configuration.pop("type", ""))
    names = ("azure_deployment", "name", "model")
    found_name = next((configuration.pop(key) for key in names if key in configuration), "")
    moved = {"azure_endpoint": "endpoint", "base_url": "endpoint", "api_key": "apiKey"}
    connection = renamed(configuration, moved)
    if connection:
        connection = {"kind": "key", **connection}
    parameters = given.get("parameters")
    parameters = dict(parameters) if isinstance(parameters, Mapping) else {}
    made = {
        "id": found_name,
        "provider": _PROVIDERS.get(provider, provider),
        "apiType": given.get("api"),
        "connection": connection,
        "options": parameters,  # its names are OpenAI's, as ours are
    }
    return without_empty(made) | rest(given, "configuration", "parameters", "api")


def _refuse_secrets(source: Source, given: Mapping[str, Any], *path: str) -> None:
    for key, value in given.items():
        if isinstance(value, Mapping):
            _refuse_secrets(source, value, *path, key)
        elif isinstance(value, str) and value and _SECRET.search(key) and value[:2] != "${":
            if key.lower().endswith(("tokens", "kind")):
                continue
            source.bad(
                f"{key} looks like a secret, and everyone who reads the prompt would read it. "
                "Write ${env:NAME} instead.",
                *path,
                key,
            )


def _format(source: Source, ext: dict[str, Any]) -> str:
    """Nothing for Mustache, or jinja2; what else the file says of its template goes to `ext`."""
    given = source.value.get("template")
    name = "jinja2"
    if isinstance(given, str):
        name = given
    elif isinstance(given, Mapping):
        form = given.get("format")
        name = str(form.get("kind", "jinja2") if isinstance(form, Mapping) else form or "jinja2")
    ours = "" if name == "mustache" else name
    if isinstance(given, Mapping) and given != _made_template(ours):
        ext["template"] = dict(given)
    return ours


def _made_template(name: str) -> dict[str, Any]:
    return {"format": {"kind": name or "mustache"}, "parser": {"kind": NAME}}


def _written_template(record: Record, given: Any) -> dict[str, Any]:
    made = _made_template(record.template_format)
    form = given.get("format") if isinstance(given, Mapping) else None
    kind = form.get("kind") if isinstance(form, Mapping) else form
    is_same = given is not None and (kind or "jinja2") == made["format"]["kind"]
    return dict(given) if is_same else made


def _variables(source: Source, ext: dict[str, Any]) -> list[Any]:
    given = source.value.get("inputs")
    if not isinstance(given, list | dict | None):
        source.bad("inputs has to be a list, or names with their kinds.", "inputs")
    for index, one in enumerate(given if isinstance(given, list) else ()):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            source.bad("An input needs a name.", "inputs", index)
    found = properties.variables(given)
    plain = [one for one in properties.listed(given) if not _is_thread(one)]
    has_kinds = all(isinstance(one.get("kind"), str) for one in _each(given))
    if has_kinds and plain and plain != properties.inputs(found):
        ext["inputs"] = given
    return found


def _each(given: Any) -> list[Mapping[str, Any]]:
    """The inputs as they are written. Prompty itself reads those that say their kind."""
    values = given.values() if isinstance(given, Mapping) else given or []
    return [one if isinstance(one, Mapping) else {} for one in values]


def _written_inputs(record: Record, given: Any, threads: list[str]) -> Any:
    named = [one["name"] for one in properties.listed(given) if _is_thread(one)]
    is_same = properties.variables(given) == [dict(one) for one in record.variables]
    if given is not None and is_same and named == threads:
        return given
    places = [{"name": name, "kind": properties.THREAD} for name in threads]
    return properties.inputs(record.variables) + places


def _outputs(source: Source, ext: dict[str, Any]) -> dict[str, Any] | None:
    given = source.value.get("outputs")
    found = properties.schema(given)
    if found is not None:
        ext["outputs"] = given
    return found


def _tools(source: Source) -> list[dict[str, Any]]:
    given = source.value.get("tools")
    if isinstance(given, Mapping):
        return properties.listed(given)
    tools = source.list_at("tools")
    for index, one in enumerate(tools):
        if not isinstance(one, dict):
            source.bad("A tool has to be an object with a name and a kind.", "tools", index)
    return tools


def _written_model(record: Record, more: Any) -> dict[str, Any]:
    options = renamed(record.params, inverse(PARAMS))
    told = {"id": record.model, "provider": record.provider, **more, "options": options}
    return without_empty(told)


def _read_body(body: str, threads: list[str]) -> str:
    made: list[Message] = []
    role, lines = "", list[str]()
    for line in [*body.split("\n"), None]:
        marker = None if line is None else _ROLE.fullmatch(line)
        place = None if line is None else _PLACE.fullmatch(line)
        is_place = place is not None and place[1] in threads
        if line is not None and marker is None and not is_place:
            lines.append(line)
            continue
        words = "\n".join(lines).strip("\n")
        if role or words.strip():
            made.append(_message(role or "system", words))
        role, lines = "", []
        if marker is not None:
            role = f"{marker[1].lower()}{marker[2] or ''}"
        elif is_place:
            made.append(Message("history", ""))
    return template.text_of(one for one in made if one.role == "history" or one.content)


def _message(role: str, words: str) -> Message:
    name, bracket, attributes = role.partition("[")
    mine = parts.OURS.get(name, "user")
    told: dict[str, Any] = {"role": name, "content": words}
    if bracket:
        told["prompty"] = attributes.removesuffix("]")
    return Message(mine, parts.body_of(told, mine))


def _write_body(text: str, threads: list[str]) -> str:
    made, left = [], iter(threads)
    for one in template.messages_of(text):
        if one.role == "history":
            made.append("{{" + next(left, threads[-1]) + "}}")
            continue
        message = parts.message_of(one)
        attributes = message.pop("prompty", "")
        words = message.pop("content")
        role = message.pop("role")
        if message or not isinstance(words, str) or role not in (*parts.OURS, "tool"):
            raise ExportImpossible(
                "Prompty has no words for images, the calls of tools and names of speakers in a "
                "prompt. Export it as openai or langfuse."
            )
        _check_words(words)
        head = f"{role}[{attributes}]:" if attributes else f"{role}:"
        made.append(f"{head}\n{words}")
    return "\n\n".join(made) + "\n" if made else ""


def _check_words(words: str) -> None:
    for line in words.split("\n"):
        if _ROLE.fullmatch(line):
            raise ExportImpossible(
                f"A line that reads “{line.strip()}” would begin a message in Prompty. Change it, "
                "or choose another format."
            )
    if words != words.strip("\n"):
        raise ExportImpossible(
            "Prompty takes away empty lines around a message. Take them out, or choose another "
            "format."
        )


def _is_thread(one: Mapping[str, Any]) -> bool:
    return properties.kind(one) == properties.THREAD
