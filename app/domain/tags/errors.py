"""What can go wrong with tags."""

from __future__ import annotations

from app.errors import Conflict, InvalidFields, NotFound


class TagNotFound(NotFound):
    code = "tag_not_found"
    title = "No prompt has this tag"
    advice = "List the tags; no prompt may have it any more."


class TagTaken(Conflict):
    code = "tag_taken"
    title = "Prompts have the other tag already"
    advice = "Choose another name, or send `merge` to make the two one."


class TagInvalid(InvalidFields):
    """A tag cannot be called so."""

    code = "tag_invalid"
    advice = "Use lower case, without commas."
