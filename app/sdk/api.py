"""The REST API as calls: `client.call(api.list_prompts(tag="billing"))`, sync and async alike.

A call says what to ask and what comes back; a client carries it out, with its retries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypedDict, TypeVar
from uuid import uuid4

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """`is_idempotent`: twice is the same as once. Others go with an `Idempotency-Key`."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    is_idempotent: bool = True


class Room(TypedDict):
    id: str
    url: str


class PromptSummary(TypedDict):
    """A prompt as it is being written, without its text."""

    id: str
    name: str
    title: str
    description: str
    folder: str
    tags: list[str]
    config: dict[str, Any]
    variables: list[dict[str, Any]]
    version: int | None
    labels: dict[str, int]
    archived: bool
    room: Room


class PromptDetails(PromptSummary):
    text: str
    messages: list[dict[str, str]]


class PromptPage(TypedDict):
    items: list[PromptSummary]
    next_cursor: str | None


class LiveMessage(TypedDict):
    index: int
    role: str
    content: str


class MessageList(TypedDict):
    items: list[LiveMessage]


class VersionSummary(TypedDict):
    number: int
    message: str
    author: dict[str, Any]
    labels: list[str]
    sha256: str
    created_at: str


class VersionDetails(VersionSummary):
    text: str
    messages: list[dict[str, str]]
    config: dict[str, Any]
    variables: list[dict[str, Any]]


class VersionPage(TypedDict):
    items: list[VersionSummary]
    next_cursor: str | None


class RolloutInput(TypedDict):
    version: int
    percent: float


class RolloutDetails(RolloutInput):
    seed: str


class LabelDetails(TypedDict):
    label: str
    version: int
    rollout: RolloutDetails | None


class LabelWarning(TypedDict):
    """What did not keep a label from going back, and should be looked at."""

    code: str
    detail: str
    reference: str | None
    chain: list[str]


class MovedLabel(LabelDetails):
    warnings: list[LabelWarning]


class Thread(TypedDict):
    """As the server tells it; docs at /api/docs."""

    id: str
    state: str
    comments: list[dict[str, Any]]


class ThreadPage(TypedDict):
    items: list[Thread]
    next_cursor: str | None


def list_prompts(**query: str | int | Sequence[str]) -> Call[PromptPage]:
    """`q`, `tag`, `folder`, `label`, `owner`, `limit`, `cursor`: as the API takes them."""
    return Call("GET", "/api/v1/prompts", query)


def get_prompt(prompt_id: str) -> Call[PromptDetails]:
    return Call("GET", f"/api/v1/prompts/{prompt_id}")


def create_prompt(name: str, **fields: Any) -> Call[PromptDetails]:
    """`text` or `messages`, `title`, `config`, `variables`, `tags`, `folder`."""
    return Call("POST", "/api/v1/prompts", body={"name": name, **fields}, is_idempotent=False)


def change_prompt(prompt_id: str, **fields: Any) -> Call[PromptDetails]:
    """What is not given stays."""
    # Text that others have changed since would be changed back by a second try.
    return Call("PATCH", f"/api/v1/prompts/{prompt_id}", body=fields, is_idempotent=False)


def list_messages(prompt_id: str) -> Call[MessageList]:
    """Of the live text, with their indexes."""
    return Call("GET", f"/api/v1/prompts/{prompt_id}/messages")


def change_message(
    prompt_id: str, index: int, content: str, *, base: str, **role: str
) -> Call[LiveMessage]:
    """`base` is the content that was read: what others have written there since stays.

    Raises `Conflict` with the code `prompt_base_gone` when the changed words are not there any
    more; its `problem["message"]` is what is there.
    """
    body = {"content": content, "base": base, **role}
    path = f"/api/v1/prompts/{prompt_id}/messages/{index}"
    return Call("PATCH", path, body=body, is_idempotent=False)


def archive_prompt(prompt_id: str) -> Call[None]:
    return Call("DELETE", f"/api/v1/prompts/{prompt_id}")


def list_versions(prompt_id: str, **query: str | int) -> Call[VersionPage]:
    return Call("GET", f"/api/v1/prompts/{prompt_id}/versions", query)


def get_version(prompt_id: str, number: int) -> Call[VersionDetails]:
    return Call("GET", f"/api/v1/prompts/{prompt_id}/versions/{number}")


def publish_version(
    prompt_id: str, message: str, labels: Sequence[str] = ()
) -> Call[VersionDetails]:
    """Of the live text. Unchanged text makes no second version, so it may be tried again."""
    body = {"message": message, "labels": list(labels)}
    return Call("POST", f"/api/v1/prompts/{prompt_id}/versions", body=body)


def move_label(
    prompt_id: str, label: str, version: int, rollout: RolloutInput | None = None
) -> Call[MovedLabel]:
    """For everybody; with `rollout` all but a share of sticky keys, who get its version.

    Back to where it has been it goes at once; `warnings` says what cannot be fetched since.
    """
    body: dict[str, Any] = {"version": version}
    if rollout is not None:
        body["rollout"] = rollout
    return Call("PUT", f"/api/v1/prompts/{prompt_id}/labels/{label}", body=body)


def remove_label(prompt_id: str, label: str) -> Call[None]:
    return Call("DELETE", f"/api/v1/prompts/{prompt_id}/labels/{label}")


class Label(LabelDetails):
    moved_by: dict[str, Any]
    moved_at: str


class LabelList(TypedDict):
    items: list[Label]


class LabelMove(TypedDict):
    id: str
    from_version: int | None
    to_version: int | None
    moved_by: dict[str, Any]
    moved_at: str


class LabelHistory(TypedDict):
    items: list[LabelMove]


class UndoneLabel(LabelHistory):
    warnings: list[LabelWarning]


class Member(TypedDict):
    id: str
    name: str
    email: str
    role: str
    joined_at: str


class MemberPage(TypedDict):
    items: list[Member]
    next_cursor: str | None


class ApiKey(TypedDict):
    id: str
    name: str
    hint: str
    scopes: list[str]
    expires_at: str | None


class IssuedApiKey(ApiKey):
    key: str


class Step(TypedDict):
    prompt_id: str
    do: str
    value: str


class Changed(TypedDict):
    changed: int
    undo: list[Step]
    warnings: list[LabelWarning]


def restore_version(prompt_id: str, version: int) -> Call[VersionDetails]:
    """As an edit of the live text, published anew."""
    body = {"version": version}
    return Call("POST", f"/api/v1/prompts/{prompt_id}/restore", body=body, is_idempotent=False)


def list_labels(prompt_id: str) -> Call[LabelList]:
    return Call("GET", f"/api/v1/prompts/{prompt_id}/labels")


def label_history(prompt_id: str, label: str) -> Call[LabelHistory]:
    return Call("GET", f"/api/v1/prompts/{prompt_id}/labels/{label}")


def undo_label_move(prompt_id: str, label: str, move: str) -> Call[UndoneLabel]:
    """`move`: the `id` of the last one in the label's history."""
    path = f"/api/v1/prompts/{prompt_id}/labels/{label}/undo"
    return Call("POST", path, body={"move": move}, is_idempotent=False)


def change_prompts(steps: Sequence[Step]) -> Call[Changed]:
    """Many at once; send `undo` of the answer as `steps` to take it back."""
    return Call("POST", "/api/v1/prompts/bulk", body={"steps": list(steps)}, is_idempotent=False)


def list_members(**query: str | int) -> Call[MemberPage]:
    return Call("GET", "/api/v1/members", query)


def own_key() -> Call[ApiKey]:
    """The key that this client has: what it may do, and until when."""
    return Call("GET", "/api/v1/keys/self")


def create_key(name: str, scopes: Sequence[str]) -> Call[IssuedApiKey]:
    """The answer holds the key, once: a try whose answer is lost says so, and no second is made."""
    body = {"name": name, "scopes": list(scopes)}
    return Call("POST", "/api/v1/keys", body=body, is_idempotent=False)


def revoke_key(key_id: str) -> Call[None]:
    return Call("DELETE", f"/api/v1/keys/{key_id}")


def list_threads(prompt_id: str, **query: str | int) -> Call[ThreadPage]:
    return Call("GET", f"/api/v1/prompts/{prompt_id}/threads", query)


def start_thread(prompt_id: str, body: str, quote: str = "") -> Call[Thread]:
    """On the words `quote` of the live text, or on all of it. Tried twice, it is written once."""
    content: dict[str, Any] = {"body": body, "id": str(uuid4())}
    if quote:
        content["anchor"] = {"quote": quote}
    return Call("POST", f"/api/v1/prompts/{prompt_id}/threads", body=content)


def resolve_thread(thread_id: str) -> Call[Thread]:
    return Call("PATCH", f"/api/v1/threads/{thread_id}", body={"state": "resolved"})
