"""What a form says about the words that a thread is on: the editor's script fills it in."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from app.domain.prompts.deps import AppRequest
from app.domain.threads.anchoring import Anchor
from app.domain.threads.errors import AnchorInvalid
from app.errors import InvalidFields
from app.web.forms import typed
from app.web.nul import without_nul

_SPAN = ("quote", "prefix", "suffix")


async def selected(request: AppRequest) -> Anchor:
    """What the editor's script filled in; nothing of it = the whole prompt."""
    form = await request.form()
    # Not stripped, unlike what people type: every space counts.
    words = {name: without_nul(str(form.get(name, ""))) for name in _SPAN}
    rest = await typed(request, "from", "to", "start", "end", "epoch")
    if not words["quote"]:
        return Anchor()
    start, end = _position(rest["start"]), _position(rest["end"])
    return Anchor(
        **words,
        start=whole(rest["from"]),
        end=whole(rest["to"]),
        positions=(start, end) if start and end else None,
        epoch=rest["epoch"],
    )


def _position(text: str) -> bytes | None:
    if not text:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise AnchorInvalid({"anchor": "A position is not base64."}) from error


def whole(text: str) -> int | None:
    """None for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def as_id(text: str) -> UUID | None:
    """Raises `InvalidFields`."""
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise InvalidFields({"id": "This is no id."}) from error
