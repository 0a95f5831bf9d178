"""What can go wrong with prompts and their settings."""

from __future__ import annotations

from app.errors import Conflict, Invalid, InvalidFields, NotFound, Unavailable


class PromptNotFound(NotFound):
    """Also for a prompt of another workspace."""

    code = "prompt_not_found"
    title = "No prompt is at this address"
    advice = "Check the id and which workspace the key belongs to."


class NameTaken(Conflict):
    code = "prompt_name_taken"
    title = "Another prompt has this name"
    advice = "Choose another name, or change the prompt that has this one."


class OldNameIncluded(Conflict):
    """Released prompts include another one by the old name; `dependants` names them, 20 at most.

    What programs get from those would change although no label moves.
    """

    code = "old_name_included"
    title = "Released prompts include another prompt by this old name"
    advice = (
        "Write the new name into those in `dependants` (page Composition, or "
        "`POST /api/v1/prompts/{id}/outdated-references`), publish and release them; or choose "
        "another name."
    )


class OldNameNotFound(NotFound):
    code = "old_name_not_found"
    title = "The prompt has no such old name"
    advice = "List the prompt's old names; it may be released already."


class VariableNotFound(NotFound):
    code = "variable_not_found"
    title = "No variable of this name is declared"
    advice = "Look at the prompt's variables."


class VariableTaken(Conflict):
    code = "variable_taken"
    title = "A variable of this name is declared already"
    advice = "Choose another name, or change the variable that is there."


class SettingUnknown(NotFound):
    code = "setting_unknown"
    title = "There is no such setting"
    advice = "Use `config.<key>` or `variables.<name>.<attribute>`."


class PromptInvalid(InvalidFields):
    """Some of a prompt's details or settings cannot be used."""

    code = "prompt_invalid"
    advice = "Correct what `errors` names, and send it again."


class TextInvalid(Invalid):
    code = "prompt_text_invalid"
    title = "This text cannot be used"
    advice = "Correct the text as the detail says."


class MessageNotFound(NotFound):
    code = "prompt_message_not_found"
    title = "The prompt has no such message"
    advice = "List the prompt's messages; they may have moved."


class BaseGone(Conflict):
    """An edit of words that are not there any more; it says what is there instead."""

    code = "prompt_base_gone"
    title = "The words that this edit changes are not there any more"
    advice = "Get the text again, make your change in that, and send it as the new `base`."


class TemplateInvalid(Invalid):
    """A Jinja text that cannot be read; `line` says where."""

    code = "template_invalid"
    title = "The template cannot be read"
    advice = "Correct the template as the detail says."


class TemplateFailed(Invalid):
    """What a Jinja text does with these values is impossible, or not allowed; `line` says where."""

    code = "template_failed"
    title = "The template cannot be rendered"
    advice = "Look at what the detail names, and give the variables that the template needs."


class TemplateTooCostly(Invalid):
    """Rendering a Jinja text needs more time, memory or depth than it may have."""

    code = "template_too_costly"
    title = "The template asks for too much"
    advice = "Make the template simpler, or give it shorter values."


class TemplatesBusy(Unavailable):
    """All processes that render Jinja are busy; nothing was rendered."""

    code = "templates_busy"
    title = "Too many templates are being rendered"
    advice = "Try again in a moment."
