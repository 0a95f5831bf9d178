"""What a new prompt may start from."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.prompts.template import variables_in


@dataclass(frozen=True, slots=True)
class Starter:
    id: str
    title: str
    summary: str
    text: str = ""

    @property
    def variables(self) -> tuple[dict[str, str], ...]:
        return tuple({"name": name} for name in variables_in(self.text))


BLANK = Starter("", "Blank", "An empty prompt.")

STARTERS = (
    Starter(
        "reply",
        "Reply to a customer",
        "A system message with house rules, the conversation so far, and the new message.",
        '{{role "system"}}\n'
        "You answer customers of {{company}}.\n\n"
        "- Answer in the customer's language, in at most three short paragraphs.\n"
        "- Promise nothing that the policy below does not allow.\n"
        "- If you do not know, say so and offer to hand over to a person.\n\n"
        "Policy:\n{{policy}}\n\n"
        "{{history}}\n\n"
        '{{role "user"}}\n{{message}}',
    ),
    Starter(
        "extract",
        "Extract fields",
        "Free text in, one JSON object out.",
        '{{role "system"}}\n'
        "Read the text and answer with one JSON object that has exactly these fields:\n"
        "{{fields}}\n\n"
        "Use null for what the text does not say. Add nothing, explain nothing.\n\n"
        '{{role "user"}}\n<text>\n{{text}}\n</text>',
    ),
    Starter(
        "summarise",
        "Summarise a document",
        "The main points for a named reader, in a given length.",
        "Summarise the document for {{reader}} in at most {{sentences}} sentences.\n\n"
        "Begin with what they have to decide or do. Keep figures, names and dates as they are.\n\n"
        "<document>\n{{document}}\n</document>",
    ),
)


def starter(wanted: str) -> Starter:
    """The starter with this id; an unknown id is a blank page."""
    return next((one for one in STARTERS if one.id == wanted), BLANK)
