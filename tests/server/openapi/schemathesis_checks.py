"""What schemathesis is told about this API: loaded by it, in its own process.

`positive_data_acceptance` wants every request that fits the description to be accepted. Some are
refused for what no schema can say; these are the only ones, each with the reason. Whatever else is
answered 422 to a fitting request fails.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import urljoin

import requests
import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import UseAfterFree
from schemathesis.specs.openapi.checks import use_after_free

# code of the problem, a call before it or not: words of its detail ("" = all), and why no schema says so
MEANT: dict[str, dict[str, str]] = {
    "cursor_invalid": {"": "a cursor is opaque: no pattern tells ours from others"},
    "fields_invalid": {
        "Give a label or a version": "OpenAPI has no words for two parameters that exclude another",
        "Use letters, digits and signs": "JSON Schema has no class for printable characters",
        "This is not an email": "JSON Schema has no class for printable characters",
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
    "label_refused": {"latest moves by itself": "one name of all that fit the pattern"},
    "POST /api/v1/prompts/bulk label_refused": {
        "Begin with a lower-case": "what a step's value may be depends on what the step does"
    },
    "rollout_refused": {"choose another version": "of two numbers, one is not the other"},
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
_REACHED = Path(os.environ.get("SCHEMATHESIS_REACHED", os.devnull))
# What the workspace has, by the names that paths have for it.
_THERE: dict[str, str | int] = json.loads(os.environ.get("SCHEMATHESIS_THERE", "{}"))
_EVERY = int(os.environ.get("SCHEMATHESIS_EVERY", "0"))
_MADE: Counter[str] = Counter()
# Ids, names and numbers of answers: calls that take them follow a link.
_ANSWERED: set[str] = set()
_WORDS = re.compile(r'[":]([^",:{}\[\]]+)[",}]')
_STAYS = re.compile(r"DELETE /api/v1/prompts/[^/]+(/labels/[^/]+)?")


class RefusedWithoutReason(Failure):
    """A request that fits the description was refused for something a schema can say."""


@schemathesis.check
def refusals_are_meant(ctx, response, case) -> None:
    """The narrow form of what `positive_data_acceptance` lets pass."""
    meta = case.meta
    if response.status_code != 422 or meta is None or not meta.generation.mode.is_positive:
        return
    problem = response.json()
    code = problem["code"]
    known = MEANT.get(code, {}) | MEANT.get(f"{case.operation.label} {code}", {})
    if not any(words in problem["detail"] for words in known):
        raise RefusedWithoutReason(
            operation=case.operation.label,
            title=f"Refused without a reason: {problem['code']}",
            message=f"{problem['detail']} {problem.get('errors', '')}",
        )


@schemathesis.check
def problems_are_explained(ctx, response, case) -> None:
    """Every refusal is a problem document, whose `type` is the page that explains its code."""
    if response.status_code < 400 or response.request.method == "HEAD":
        return
    problem = response.json()
    assert response.headers["content-type"] == ["application/problem+json"], response.headers
    assert problem["type"].endswith(f"/api/docs/errors/{problem['code']}"), problem
    assert problem["status"] == response.status_code, problem
    assert problem["detail"].strip(), problem
    # Relative where no Host header says where we are.
    advice = _advice(urljoin(response.request.url, problem["type"]), problem["code"])
    assert len(advice) > 10, (problem["type"], advice)


@cache  # a page for each code, however often it is answered
def _advice(page: str, code: str) -> str:
    """What the page of a code says is to be done, "" = no such page or no such words."""
    answer = requests.get(page, timeout=20)
    head = f"<h1><code>{code}</code></h1>"
    if answer.status_code != 200 or head not in answer.text:
        return ""
    _, _, rest = answer.text.partition('<h2 id="what-to-do">What to do</h2>')
    return re.sub(r"<[^>]*>", "", rest.partition("</section>")[0]).strip()


@schemathesis.check
def what_was_deleted_is_gone(ctx, response, case) -> None:
    """`use_after_free`, but for prompts, which are archived, and labels, whose history stays."""
    try:
        use_after_free(ctx, response, case)
    except UseAfterFree as found:
        if not _STAYS.fullmatch(found.free):
            raise


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """What would end a run, or a chain of calls, before it has said anything."""
    meta = case.meta
    if meta is not None:
        _look_where_something_is(case, meta)
        if meta.generation.mode.is_positive and case.headers:
            _be_another_call(case, meta)
    # Without its key a run is only refused.
    if case.path_parameters and case.path_parameters.get("key_id") in _OWN_KEYS:
        case.path_parameters["key_id"] = "00000000-0000-4000-8000-000000000000"


def _look_where_something_is(case, meta) -> None:
    """Nobody can make up an id, and below one that leads nowhere all is 404, whatever is sent."""
    if case.method == "DELETE" or meta.is_negative_at(ParameterLocation.PATH):
        return
    is_made_up = meta.phase.name is TestPhase.COVERAGE  # of examples, which a body may have, too
    for name in case.path_parameters.keys() & _THERE.keys():
        if is_made_up or str(case.path_parameters[name]) not in _ANSWERED:
            case.path_parameters[name] = _THERE[name]


def _be_another_call(case, meta) -> None:
    # A key that was used belongs to another call, and "0" is made up for every one.
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    # Nor can anybody make up an ETag, and after a 412 there is nothing to go on with.
    if meta.phase.name is TestPhase.STATEFUL:
        case.headers.pop("If-None-Match", None)
        if "If-Match" in case.headers:
            case.headers["If-Match"] = "*"


@schemathesis.hook
def filter_case(context, case) -> bool:
    """The short form takes so many of an operation's cases, from the first to the last alike."""
    if not _EVERY or case.meta is None or case.meta.phase.name is not TestPhase.COVERAGE:
        return True
    _MADE[case.operation.label] += 1
    return _MADE[case.operation.label] % _EVERY == 1


@schemathesis.hook
def after_call(context, case, response) -> None:
    """Note what was answered, for whoever asks how far the run got."""
    if response.status_code < 300 and "json" in str(response.headers.get("content-type")):
        _ANSWERED.update(_WORDS.findall(response.text))
    phase = case.meta.phase.name.value if case.meta else "none"
    with _REACHED.open("a") as notes:
        notes.write(f"{phase}\t{response.status_code}\t{case.operation.label}\n")
