"""What can go wrong with versions and labels."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, InvalidFields, NotFound


class VersionNotFound(NotFound):
    code = "version_not_found"
    title = "There is no such version"
    advice = "List the prompt's versions."


class LabelNotFound(NotFound):
    code = "label_not_found"
    title = "No version has this label"
    advice = "List the prompt's labels, or put the label on a version first."


class LabelRefused(InvalidFields):
    """The name of a label cannot be used, or is one that moves by itself."""

    code = "label_refused"
    advice = "Use lower-case letters, digits, dots and hyphens; `latest` moves by itself."


class RolloutRefused(InvalidFields):
    """A label cannot split like this: see the fields."""

    code = "rollout_refused"
    advice = "Name another version of this prompt as the candidate, and a share of it."


class LabelProtected(Forbidden):
    """Only some roles may move this label; the settings of the workspace say which."""

    code = "label_protected"
    title = "This label is protected"
    advice = "Have somebody with the role that the detail names move it."


class LabelMovedSince(Conflict):
    """Somebody has moved the label, or changed how it splits, since you looked."""

    code = "label_moved_since"
    title = "The label has moved again since"
    advice = "Look at the label's history, and move the label if it is still wrong."


class PublishBusy(Conflict):
    code = "publish_busy"
    title = "Others are publishing this prompt at the same time"
    advice = "Publish again in a moment."
