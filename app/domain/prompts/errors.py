"""What can go wrong with prompts and their settings."""

from __future__ import annotations

from app.errors import Conflict, Invalid, InvalidFields, NotFound


class PromptNotFound(NotFound):
    """Also for a prompt of another workspace."""

    code = "prompt_not_found"
    title = "No prompt is at this address"


class NameTaken(Conflict):
    code = "prompt_name_taken"
    title = "Another prompt has this name"


class OldNameNotFound(NotFound):
    code = "old_name_not_found"
    title = "The prompt has no such old name"


class VariableNotFound(NotFound):
    code = "variable_not_found"
    title = "No variable of this name is declared"


class VariableTaken(Conflict):
    code = "variable_taken"
    title = "A variable of this name is declared already"


class SettingUnknown(NotFound):
    code = "setting_unknown"
    title = "There is no such setting"


class PromptInvalid(InvalidFields):
    """Some of a prompt's details or settings cannot be used."""

    code = "prompt_invalid"


class TextInvalid(Invalid):
    code = "prompt_text_invalid"
    title = "This text cannot be used"


class MessageNotFound(NotFound):
    code = "prompt_message_not_found"
    title = "The prompt has no such message"


class BaseGone(Conflict):
    """An edit of words that are not there any more; it says what is there instead."""

    code = "prompt_base_gone"
    title = "The words that this edit changes are not there any more"
