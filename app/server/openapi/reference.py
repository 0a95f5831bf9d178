"""The API's description as a person reads it: groups of calls, fields with their types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

_METHODS = ("get", "post", "put", "patch", "delete")
_REFERENCE = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter or one member of an object."""

    name: str
    type: Markup
    is_required: bool
    text: Markup


@dataclass(frozen=True, slots=True)
class Shape:
    """An object that calls take or give."""

    name: str
    text: Markup
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class Answer:
    """One way a call may end."""

    status: str
    text: str
    type: Markup


@dataclass(frozen=True, slots=True)
class Call:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    text: Markup
    parameters: list[Field]
    body: Markup
    answers: list[Answer]
    problems: list[Answer]
    example: str


@dataclass(frozen=True, slots=True)
class Group:
    """The calls of one tag."""

    name: str
    text: str
    calls: list[Call]


def groups(schema: dict[str, Any], origin: str) -> list[Group]:
    """The calls by tag, in the order in which the description lists its tags."""
    found: dict[str, list[Call]] = {}
    for path, item in sorted(schema.get("paths", {}).items()):
        for method in _METHODS:
            if operation := item.get(method):
                tag = operation.get("tags", ["other"])[0]
                found.setdefault(tag, []).append(_call(method, path, operation, origin))
    described = {tag["name"]: tag.get("description", "") for tag in schema.get("tags", [])}
    order = [*(name for name in described if name in found), *(found.keys() - described.keys())]
    return [Group(name, described.get(name, ""), found[name]) for name in order]


def shapes(schema: dict[str, Any]) -> list[Shape]:
    """Every object of the description, by name."""
    return [
        Shape(name, prose(shape.get("description", "")), list(_members(shape)))
        for name, shape in sorted(schema["components"]["schemas"].items())
    ]


def _call(method: str, path: str, operation: dict[str, Any], origin: str) -> Call:
    content = operation.get("requestBody", {}).get("content", {})
    answers = [_answer(*entry) for entry in sorted(operation["responses"].items())]
    return Call(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        text=prose(operation.get("description", "")),
        parameters=[_parameter(one) for one in operation.get("parameters", [])],
        body=_content_type(content),
        answers=[answer for answer in answers if answer.status < "400"],
        problems=[answer for answer in answers if answer.status >= "400"],
        example=_example(method, origin + path, has_body=bool(content)),
    )


def _answer(status: str, response: dict[str, Any]) -> Answer:
    return Answer(status, response["description"], _content_type(response.get("content", {})))


def _content_type(content: dict[str, Any]) -> Markup:
    for media in content.values():
        return type_of(media.get("schema", {}))
    return Markup("")


def _parameter(parameter: dict[str, Any]) -> Field:
    where = "in the path" if parameter["in"] == "path" else ""
    text = " ".join(part for part in (parameter.get("description", ""), where) if part)
    kind = type_of(parameter.get("schema", {}))
    return Field(parameter["name"], kind, parameter.get("required", False), prose(text))


def _members(shape: dict[str, Any]) -> Iterator[Field]:
    required = shape.get("required", [])
    for name, member in shape.get("properties", {}).items():
        text = member.get("description", "")
        yield Field(name, type_of(member), name in required, prose(text))


def type_of(schema: dict[str, Any]) -> Markup:
    """A schema in words, with a link for each object that has a name."""
    if reference := schema.get("$ref"):
        name = reference.removeprefix(_REFERENCE)
        return Markup('<a class="link" href="#shape-{}">{}</a>').format(name, name)
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return Markup(" or ").join(type_of(one) for one in schema[key])
    if "enum" in schema:
        values = (Markup("<code>{}</code>").format(value) for value in schema["enum"])
        return Markup(", ").join(values)
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return Markup(" or ").join(type_of({**schema, "type": one}) for one in kind)
    if kind == "array":
        return Markup("list of {}").format(type_of(schema.get("items", {})))
    return escape({"date-time": "time", "uuid": "id"}.get(schema.get("format", ""), kind))


def _example(method: str, url: str, *, has_body: bool) -> str:
    lines = [f"curl {url}", '-H "Authorization: Bearer $PROMPTROOM_KEY"']
    if method != "get":
        lines[0] = f"curl -X {method.upper()} {url}"
    if has_body:
        lines += ['-H "Content-Type: application/json"', "-d @body.json"]
    return " \\\n  ".join(lines)


_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|\[(?P<label>[^\]]+)\]\((?P<url>[^)]+)\)"
)


def prose(text: str) -> Markup:
    """Docstring Markdown, as far as ours goes: paragraphs, code, bold, links."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(_inline(part)) for part in paragraphs)


def _inline(text: str) -> Markup:
    parts: list[Markup] = []
    end = 0
    for match in _INLINE.finditer(text):
        parts += [escape(text[end : match.start()]), _marked(match)]
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def _marked(match: re.Match[str]) -> Markup:
    if match["code"]:
        return Markup("<code>{}</code>").format(match["code"])
    if match["bold"]:
        return Markup("<strong>{}</strong>").format(match["bold"])
    return Markup('<a href="{}">{}</a>').format(match["url"], match["label"])
