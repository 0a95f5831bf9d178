"""Forms: what was typed, as text, ready to be checked or shown again beside its errors."""

from __future__ import annotations

from typing import Any

from litestar import Request

from app.web.nul import without_nul

SECRETS = frozenset({"password", "current", "new"})  # never stripped, never shown again


async def typed(request: Request[Any, Any, Any], *names: str) -> dict[str, str]:
    """The fields `names` of a form; "" for one that is missing.

    Space around a value is dropped, except in passwords. A field sent twice counts once. Raises
    `NulCharacter`.
    """
    form = await request.form()
    values: dict[str, str] = {}
    for name in names:
        value = form.get(name)
        text = without_nul(value) if isinstance(value, str) else ""
        values[name] = text if name in SECRETS else text.strip()
    return values


async def chosen(request: Request[Any, Any, Any], name: str) -> list[str]:
    """Every value of a field that may be ticked more than once, in order. Raises `NulCharacter`."""
    form = await request.form()
    return [without_nul(value).strip() for value in form.getall(name, []) if isinstance(value, str)]


def again(values: dict[str, str]) -> dict[str, str]:
    """What a form may be filled with when it is shown once more: everything but secrets."""
    return {name: "" if name in SECRETS else value for name, value in values.items()}
