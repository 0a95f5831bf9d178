"""What can go wrong when a program asks for what is released."""

from __future__ import annotations

from app.errors import Conflict, InvalidFields, NotFound, RateLimited, TooLarge, Unavailable


class NothingReleased(NotFound):
    """A program asks for a prompt that is not there, or for a label that is on no version."""

    code = "release_not_found"
    title = "Nothing is released under this name"
    advice = "Check name and label; put the label on a version to release it."


class ReferenceUnresolved(Conflict):
    """A released text includes another prompt, of which nothing is released there."""

    code = "reference_unresolved"
    title = "An included prompt is not released"
    advice = "Publish the included prompt and put the label on it."


class ReferenceCycle(Conflict):
    """Prompts include each other in a circle, or too deeply."""

    code = "reference_cycle"
    title = "Included prompts go in a circle"
    advice = "Take one of the references out of the circle, and publish again."


class ReferenceFormat(Conflict):
    """A Mustache text includes one that is written in Jinja."""

    code = "reference_format"
    title = "An included prompt is written in another format"
    advice = "Include prompts of the same format only."


class ReferencesTooLarge(Conflict):
    """With everything that it includes, the text is longer than a text may be."""

    code = "references_too_large"
    title = "The included prompts are too large"
    advice = "Include fewer or shorter prompts."


class ReleasesUncertain(Unavailable):
    """For too long the database has not answered whether what is in memory still holds."""

    code = "releases_uncertain"
    title = "What is released cannot be known just now"
    advice = "Go on with what you have, and ask again after `Retry-After` seconds."


class TooManyReaders(RateLimited):
    """More open change streams than a key, or a server, may have."""

    code = "too_many_readers"
    title = "Too many open change streams"
    advice = "Close streams that nobody reads; one for each process is enough."


class VariablesInvalid(InvalidFields):
    """A variable is missing or of another type; `errors` names each."""

    code = "variables_invalid"
    advice = "Give what `errors` names, in the type that the prompt declares."


class RenderedTooLarge(TooLarge):
    """With what was given for its variables, the text is longer than an answer may be."""

    code = "rendered_too_large"
    title = "The filled in text is too large"
    advice = "Give shorter values."
