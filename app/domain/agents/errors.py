"""What can go wrong when an agent asks for something."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, Invalid, NotFound


class SessionUnknown(NotFound):
    """The session was begun with another key, or too long ago."""

    code = "mcp_session_not_found"
    title = "This MCP session does not exist"
    advice = "Initialize again, with the key that is to be used."


class ForeignOrigin(Forbidden):
    """A web page of another site calls."""

    code = "mcp_origin_refused"
    title = "Started by another site"
    advice = "Call from a program, or from a page of this server: those of other sites may not."


class ToolUnknown(NotFound):
    """No tool is called so, or none that this key may use."""

    code = "tool_not_found"
    title = "There is no such tool"
    advice = "List the tools: they are those that the key may use."


class PassageNotFound(Conflict):
    """What is to be replaced is not in the live text; somebody may have changed it meanwhile."""

    code = "passage_not_found"
    title = "The text does not hold these words"
    advice = "Read the prompt again, and give `old_text` as it stands in the text now."


class PassageAmbiguous(Conflict):
    """What is to be replaced is in the text more than once."""

    code = "passage_ambiguous"
    title = "The text holds these words more than once"
    advice = "Give more of the words around them, so that they stand in the text only once."


class EditInvalid(Invalid):
    """An edit that says nothing, or too many at once."""

    code = "edit_invalid"
    title = "This is no edit"
    advice = "Send at least one edit whose `new_text` differs, and no more than the detail says."
