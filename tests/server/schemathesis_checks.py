"""What schemathesis is told about this API: loaded by it, in its own process.

`positive_data_acceptance` wants every request that fits the description to be accepted. Some are
refused for what no schema can say; these are the only ones, each with the reason. Whatever else is
answered 422 to a fitting request fails.
"""

from __future__ import annotations

import os

import schemathesis
from schemathesis.core.failures import Failure

# code of the problem: words of its detail ("" = all), and why no schema says so
MEANT: dict[str, dict[str, str]] = {
    "cursor_invalid": {"": "a cursor is opaque: no pattern tells ours from others"},
    "fields_invalid": {
        "Give a label or a version": "OpenAPI has no words for two parameters that exclude another",
        "Use letters, digits and signs": "JSON Schema has no class for printable characters",
    },
    "prompt_invalid": {
        "Use a single line": "JSON Schema has no class for printable characters",
        "Use at most": "lengths are counted after spaces at the ends are gone",
        "A tag is a word": "JSON Schema has no class for printable characters",
        "A history mark has no content": "one field's value decides about another's",
        "This default is no": "a default fits the type that another field names",
        "Declare": "names of variables are unique within the list",
        "Leave out NUL": "of values at any depth in config",
        "Give the new text": "one of two fields has to be there with a third",
        "Enter a": "of a step: what its value may be depends on what it does",
        "Send it with text": "what stands alone is said in words",
        "This is more than": "a size in bytes, of config as a whole",
    },
    "folder_invalid": {
        "cannot be moved into itself": "it depends on the folder in the address",
        "Use a single line": "JSON Schema has no class for printable characters",
        "A folder within it": "what lies in the folder gets a longer path, too",
    },
    "comment_invalid": {
        "Write something": "a text of spaces is none; what is a space is Unicode's business",
        "Leave out NUL": "one pattern for each field, and that is about spaces",
        "Mention at most": "it depends on what reads as a mention",
    },
    "tag_invalid": {"A tag is a word": "JSON Schema has no class for printable characters"},
    "version_invalid": {"": "JSON Schema has no class for printable characters"},
    "prompt_text_invalid": {
        "Leave out NUL": "halves of surrogate pairs are no text; few patterns can say so"
    },
    "template_invalid": {"": "a text in Jinja has to be Jinja"},
    "template_failed": {"": "it depends on what the text does with its variables"},
    "template_too_costly": {"": "it depends on what the text does with its variables"},
    "anchor_invalid": {"": "a span begins before it ends, and lies within the text"},
    "quote_not_found": {"": "it depends on the text"},
    "mention_without_access": {"": "it depends on who is a member"},
    "variables_invalid": {"": "it depends on what the version declares"},
    "import_file_invalid": {"": "what a file says is its format's business"},
    "import_format_unknown": {"": "what a file says is its format's business"},
    "import_refused": {"": "what a file says is its format's business"},
    "export_impossible": {"": "it depends on what the prompt says"},
}
_OWN_KEYS = os.environ.get("SCHEMATHESIS_OWN_KEYS", "").split()


class RefusedWithoutReason(Failure):
    """A request that fits the description was refused for something a schema can say."""


@schemathesis.check
def refusals_are_meant(ctx, response, case) -> None:
    """The narrow form of what `positive_data_acceptance` lets pass."""
    meta = case.meta
    if response.status_code != 422 or meta is None or not meta.generation.mode.is_positive:
        return
    problem = response.json()
    known = MEANT.get(problem["code"], {})
    if not any(words in problem["detail"] for words in known):
        raise RefusedWithoutReason(
            operation=case.operation.label,
            title=f"Refused without a reason: {problem['code']}",
            message=f"{problem['detail']} {problem.get('errors', '')}",
        )


@schemathesis.check
def problems_are_explained(ctx, response, case) -> None:
    """Every refusal is a problem document, whose `type` ends with its code."""
    if response.status_code < 400 or response.request.method == "HEAD":
        return
    problem = response.json()
    assert response.headers["content-type"] == ["application/problem+json"], response.headers
    assert problem["type"].endswith(f"/api/docs/errors#{problem['code']}"), problem
    assert problem["status"] == response.status_code, problem
    assert problem["detail"].strip(), problem


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """A run that revokes its own key has nothing more to say."""
    if case.path_parameters and case.path_parameters.get("key_id") in _OWN_KEYS:
        case.path_parameters["key_id"] = "00000000-0000-4000-8000-000000000000"
