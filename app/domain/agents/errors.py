"""What can go wrong when an agent asks for something."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, Invalid, NotFound


class SessionUnknown(NotFound):
    """The session was begun with another key, or too long ago: initialize again."""

    code = "mcp_session_not_found"
    title = "This MCP session does not exist"


class ForeignOrigin(Forbidden):
    """A web page of another site calls."""

    code = "mcp_origin_refused"
    title = "Started by another site"


class ToolUnknown(NotFound):
    """No tool is called so, or none that this key may use."""

    code = "tool_not_found"
    title = "There is no such tool"


class PassageNotFound(Conflict):
    """What is to be replaced is not in the live text; somebody may have changed it meanwhile."""

    code = "passage_not_found"
    title = "The text does not hold these words"


class PassageAmbiguous(Conflict):
    """What is to be replaced is in the text more than once."""

    code = "passage_ambiguous"
    title = "The text holds these words more than once"


class EditInvalid(Invalid):
    """An edit that says nothing, or too many at once."""

    code = "edit_invalid"
    title = "This is no edit"
