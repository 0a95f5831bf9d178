"""What can go wrong with prompts and their settings."""

from __future__ import annotations

from app.errors import Conflict, Invalid, InvalidFields, NotFound, Unavailable


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


class TemplateInvalid(Invalid):
    """A Jinja text that cannot be read; `line` says where."""

    code = "template_invalid"
    title = "The template cannot be read"


class TemplateFailed(Invalid):
    """What a Jinja text does with these values is impossible, or not allowed; `line` says where."""

    code = "template_failed"
    title = "The template cannot be rendered"


class TemplateTooCostly(Invalid):
    """Rendering a Jinja text needs more time, memory or depth than it may have."""

    code = "template_too_costly"
    title = "The template asks for too much"


class TemplatesBusy(Unavailable):
    """All processes that render Jinja are busy; nothing was rendered."""

    code = "templates_busy"
    title = "Too many templates are being rendered"
