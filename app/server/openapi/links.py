"""Links of the description: which calls can be made with what a call has answered.

Made from the shapes of answers: a table says where an answer holds the parameters of other calls,
and every call that takes those, a new one among them, is linked to by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_REFERENCE = "#/components/schemas/"
_PLACE = re.compile(r"\{(\w+)\}")

# Where an answer holds what a path takes. A list gives its first item.
_HELD: dict[str, dict[str, str]] = {
    "PromptView": {"prompt_id": "/id", "room_id": "/room/id", "name": "/name", "tag": "/tags/0"},
    "PromptList": {"prompt_id": "/items/0/id", "room_id": "/items/0/room/id"},
    "PlacedMessage": {"index": "/index"},
    "PlacedMessageList": {"index": "/items/0/index"},
    "OldNameList": {"old_name": "/items/0/name"},
    "PublishedView": {"number": "/number", "label": "/labels/0"},
    "VersionView": {"label": "/labels/0"},
    "VersionList": {"number": "/items/0/number", "label": "/items/0/labels/0"},
    "MovedLabelView": {"label": "/label", "number": "/version"},
    "ReleaseView": {"prompt_id": "/id", "number": "/version"},
    "BundleView": {"name": "/items/0/name", "prompt_id": "/items/0/id"},
    "ThreadView": {"thread_id": "/id", "comment_id": "/comments/0/id"},
    "ThreadList": {"thread_id": "/items/0/id", "comment_id": "/items/0/comments/0/id"},
    "CommentView": {"comment_id": "/id"},
    "FolderView": {"folder": "/path"},
    "FolderMoved": {"folder": "/path"},
    "FolderList": {"folder": "/items/0/path"},
    "TagView": {"tag": "/name"},
    "TagList": {"tag": "/items/0/name"},
    "IssuedKey": {"key_id": "/id"},
    "KeyList": {"key_id": "/items/0/id"},
    "KeyView": {"key_id": "/id"},
    "MemberView": {"user_id": "/id"},
    "MemberList": {"user_id": "/items/0/id"},
    "IssuedInvitation": {"invitation_id": "/id"},
    "InvitationList": {"invitation_id": "/items/0/id"},
    "CheckpointView": {"checkpoint_id": "/id"},
    "CheckpointList": {"checkpoint_id": "/items/0/id"},
    "LabelList": {"label": "/items/0/label", "number": "/items/0/version"},
    "LiveRoomView": {"room_id": "/id", "prompt_id": "/prompt_id"},
    "ProtectionView": {"protected": "/label"},
    "ProtectionList": {"protected": "/items/0/label"},
}

# What a path takes that need not come from anywhere.
_ANY = {"reaction": "agree", "protected": "staging"}
# What a body takes that an answer has to hold, by the name that it has in paths.
_BODIES = {"LabelInput": {"version": "number"}, "RestoreInput": {"version": "number"}}


def add_links(schema: dict[str, Any]) -> None:
    """Give every successful answer its links."""
    targets = [
        (path, frozenset(_PLACE.findall(path)), operation)
        for path, item in schema["paths"].items()
        for operation in item.values()
    ]
    for path, item in schema["paths"].items():
        own = frozenset(_PLACE.findall(path))
        for operation in item.values():
            for response in _successes(operation):
                found = {
                    _name(target): _link(target, path_of, own, held)
                    for path_of, wanted, target in targets
                    if target is not operation and (held := _held(response)).keys() & wanted
                    if wanted <= own | held.keys() | _ANY.keys()
                    if set(_fields(target).values()) <= held.keys()
                }
                found |= _next_page(operation, own, response)
                if found:
                    response["links"] = dict(sorted(found.items()))


def _next_page(
    operation: Mapping[str, Any], own: frozenset[str], response: Mapping[str, Any]
) -> dict[str, Any]:
    names = {one["name"] for one in operation.get("parameters", [])}
    if "cursor" not in names:
        return {}
    parameters = {f"path.{name}": f"$request.path.{name}" for name in sorted(own)}
    return {
        "nextPage": {
            "operationId": operation["operationId"],
            "parameters": {**parameters, "query.cursor": "$response.body#/next_cursor"},
            "description": "The page after this one, unless `next_cursor` is null.",
        }
    }


def _link(
    target: Mapping[str, Any], path: str, own: frozenset[str], held: Mapping[str, str]
) -> dict[str, Any]:
    parameters = {f"path.{name}": _value(name, own, held) for name in _PLACE.findall(path)}
    link = {"operationId": target["operationId"], "parameters": parameters}
    if fields := _fields(target):
        link["requestBody"] = {key: f"$response.body#{held[name]}" for key, name in fields.items()}
    return link


def _fields(target: Mapping[str, Any]) -> dict[str, str]:
    return _BODIES.get(_shape(target.get("requestBody", {})), {})


def _value(name: str, own: frozenset[str], held: Mapping[str, str]) -> str:
    if name in held:
        return f"$response.body#{held[name]}"
    return f"$request.path.{name}" if name in own else _ANY[name]


def _name(target: Mapping[str, Any]) -> str:
    return str(target["operationId"])


def _held(response: Mapping[str, Any]) -> dict[str, str]:
    return _HELD.get(_shape(response), {})


def _shape(message: Mapping[str, Any]) -> str:
    """The name of what a body or an answer is."""
    for media in message.get("content", {}).values():
        return str(media.get("schema", {}).get("$ref", "")).removeprefix(_REFERENCE)
    return ""


def _successes(operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (one for status, one in operation["responses"].items() if status in ("200", "201"))
