"""What a prompt would lose in a format: it is written, read again and compared.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.exchange import detecting
from app.domain.exchange.detecting import Format
from app.domain.exchange.errors import ExportImpossible
from app.domain.exchange.record import Record
from app.domain.prompts import template

_DETAILS = {
    "title": "the title",
    "description": "the description",
    "folder": "the folder",
    "tags": "the tags",
    "labels": "the labels",
    "message": "the version's message",
    "model": "the model",
    "params": "some parameters",
    "tools": "the tools",
    "response_schema": "the response schema",
    "tests": "the tests",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """`problem` says why the format cannot hold the prompt at all."""

    form: Format
    lost: tuple[str, ...] = ()
    problem: str = ""


def losses(record: Record) -> list[Loss]:
    return [_loss(record, one) for one in detecting.FORMATS.values()]


def _loss(record: Record, form: Format) -> Loss:
    try:
        written = form.write(record)
    except ExportImpossible as error:
        return Loss(form, problem=error.detail)
    if form.read is None:  # nothing reads it back
        said = {"labels": "the labels", "tags": "the tags"}
        return Loss(form, tuple(text for name, text in said.items() if getattr(record, name)))
    [again] = detecting.read(written, form.file_name(record.name), form.name)
    return Loss(form, tuple(_lost(record, again)))


def _lost(record: Record, again: Record) -> Iterator[str]:
    yield from (words for name, words in _DETAILS.items() if _differs(record, again, name))
    roles, roles_again = (
        [one.role for one in template.messages_of(text)] for text in (record.text, again.text)
    )
    if "history" in roles and "history" not in roles_again:
        yield "where the conversation goes"
    kept = {one["name"]: dict(one) for one in again.variables}
    if any(dict(one) != kept.get(one["name"]) for one in record.variables):
        yield "some of what is said of its variables"


def _differs(record: Record, again: Record, name: str) -> bool:
    mine = getattr(record, name)
    return bool(mine) and mine != getattr(again, name)
