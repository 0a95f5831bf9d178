"""Fields of the API of prompts, with what its description says of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.domain.prompts import policy
from app.domain.prompts.settings import VARIABLE_DESCRIPTION_LONGEST, VARIABLE_NAME_LONGEST
from app.web.describing import STORABLE, noted

Name = Annotated[
    str,
    noted(
        "Lower-case segments with slashes between them; unique in the workspace.",
        ["support/refund-triage"],
        pattern=policy.NAME_PATTERN,
        max_length=policy.NAME_LONGEST,
    ),
]
Text = Annotated[
    str,
    noted(
        "The template: role lines begin messages, {{name}} is a variable.",
        ['{{role "system"}}\nYou triage refunds.\n\n{{role "user"}}\n{{ticket}}'],
        pattern=STORABLE,
    ),
]
Title = Annotated[str, noted("In a line.", ["Refund triage"], max_length=policy.TITLE_LONGEST)]
Description = Annotated[
    str,
    noted(
        "What it is for.",
        ["Sorts refund requests by urgency."],
        pattern=STORABLE,
        max_length=policy.DESCRIPTION_LONGEST,
    ),
]
Folder = Annotated[
    str,
    noted(
        "Names with slashes between them; empty: in none.",
        ["Support"],
        pattern=policy.FOLDER_PATTERN,
        max_length=policy.FOLDER_LONGEST,
    ),
]
Tags = Annotated[
    list[str],
    noted(
        f"Words without commas, at most {policy.TAG_LONGEST} characters each.",
        [["support", "refunds"]],
        max_items=policy.MOST_TAGS,
        items={"pattern": r"^[^,]*$", "max_length": policy.TAG_LONGEST},
    ),
]
TemplateFormat = Annotated[
    Literal["mustache", "jinja"],
    Meta(
        description="How variables stand in the text: mustache has {{name}} alone, jinja has "
        "conditions, loops and filters, in a sandbox.",
        examples=["mustache"],
    ),
]
Config = Annotated[
    dict[str, Any],
    Meta(
        description="Model and parameters. model, temperature, max_tokens, top_p, stop, tools and "
        "response_schema are checked; any other key is kept as it is.",
        examples=[{"model": "gpt-5.2-mini", "temperature": 0.2}],
    ),
]


class VariableView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared variable of a template."""

    name: Annotated[
        str,
        noted(
            "As it stands in braces.",
            ["ticket"],
            pattern=r"^(?!(?:history|role)$)[A-Za-z_][A-Za-z0-9_]*$",
            max_length=VARIABLE_NAME_LONGEST,
        ),
    ]
    type: Annotated[Literal["string", "number", "boolean", "json"], Meta(examples=["string"])] = (
        "string"
    )
    required: Annotated[
        bool | None, Meta(description="Not given: required unless it has a default.")
    ] = None
    default: Annotated[Any, Meta(description="Fits the type; null = none.")] = None
    description: Annotated[
        str,
        noted(
            examples=["The customer's message, as it came in."],
            pattern=STORABLE,
            max_length=VARIABLE_DESCRIPTION_LONGEST,
        ),
    ] = ""
