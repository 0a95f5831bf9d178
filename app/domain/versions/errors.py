"""What can go wrong with versions and labels."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, InvalidFields, NotFound


class VersionNotFound(NotFound):
    code = "version_not_found"
    title = "There is no such version"


class LabelNotFound(NotFound):
    code = "label_not_found"
    title = "No version has this label"


class LabelRefused(InvalidFields):
    """The name of a label cannot be used, or is one that moves by itself."""

    code = "label_refused"


class LabelProtected(Forbidden):
    """Only some roles may move this label; the settings of the workspace say which."""

    code = "label_protected"
    title = "This label is protected"


class LabelMovedSince(Conflict):
    """A move cannot be undone once the label has moved again."""

    code = "label_moved_since"
    title = "The label has moved again since"


class PublishBusy(Conflict):
    code = "publish_busy"
    title = "Others are publishing this prompt at the same time"
