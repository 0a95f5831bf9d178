"""Every error code with its meaning, gathered from the classes that raise them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from app.errors import AppError
from app.web.problem import HTTP_ADVICE, HTTP_CODES

_CROSS_ORIGIN = "A browser sent it on behalf of a page that is not Promptroom's."


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """What a program may find in a problem document's `code`."""

    code: str
    status: int
    title: str
    text: str  # more than the title says; may be empty
    where: str  # the module that defines it
    advice: str  # what to do


# Refused before the application is asked, so by no class of its errors.
_OUTSIDE = (
    ErrorCode(
        "cross_origin",
        403,
        "Started by another site",
        _CROSS_ORIGIN,
        "app.web.same_origin",
        "Call the API from a server: pages of other sites may not.",
    ),
    ErrorCode(
        "host_invalid",
        400,
        "The Host header cannot be used",
        "",
        "app.web.host",
        "Send a Host header with a name and, if need be, a port.",
    ),
)


def error_codes() -> list[ErrorCode]:
    """Sorted by code. Complete once the application's modules are imported."""
    found = [
        ErrorCode(
            kind.code,
            kind.status,
            kind.title,
            _first_paragraph(kind),
            kind.__module__,
            kind.advice,
        )
        for kind in _descendants(AppError)
        if kind.__module__.startswith("app.") and "code" in vars(kind)
    ]
    known = {one.code for one in found}
    found += [
        ErrorCode(
            code,
            status,
            HTTPStatus(status).phrase.capitalize(),
            "",
            "app.web.problem",
            HTTP_ADVICE[status],
        )
        for status, code in HTTP_CODES.items()
        if code not in known
    ]
    found += _OUTSIDE
    return sorted(found, key=lambda one: one.code)


def _descendants(kind: type[AppError]) -> Iterator[type[AppError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


def _first_paragraph(kind: type[AppError]) -> str:
    text = vars(kind).get("__doc__") or ""
    return " ".join(text.split("\n\n")[0].split())
