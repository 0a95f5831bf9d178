"""Paths: the tree, what moves where, and what may not."""

from __future__ import annotations

import pytest

from app.domain.folders import policy
from app.domain.folders.errors import FolderInvalid
from app.domain.folders.policy import Node


def test_the_tree_has_every_folder_after_the_one_it_lies_in() -> None:
    nodes = policy.tree([("Support/Refunds", 3), ("Support", 2), ("Data/SQL/Old", 1)], ["Empty"])
    assert nodes == [
        Node("Data", 0, 1),
        Node("Data/SQL", 0, 1),
        Node("Data/SQL/Old", 1, 1),
        Node("Empty", 0, 0),
        Node("Support", 2, 5),
        Node("Support/Refunds", 3, 3),
    ]
    assert (nodes[2].name, nodes[2].parent, nodes[2].depth) == ("Old", "Data/SQL", 2)


def test_a_hyphen_does_not_come_between_a_folder_and_what_is_in_it() -> None:
    paths = [node.path for node in policy.tree([("a-b", 1), ("a/c", 1), ("A", 1), ("a", 1)], [])]
    assert paths == ["A", "a", "a/c", "a-b"]


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("Support", "Support", "Help", "Help"),
        ("Support/Refunds", "Support", "Help/Desk", "Help/Desk/Refunds"),
        ("Support/Refunds", "Support/Refunds", "Support", "Support"),
        ("Support/Refunds", "Support", "", "Refunds"),
        ("Support", "Support", "", ""),
    ],
)
def test_what_lies_within_moves_along(path: str, old: str, new: str, expected: str) -> None:
    assert policy.moved(path, old, new) == expected


def test_a_sister_with_the_same_beginning_lies_elsewhere() -> None:
    assert policy.is_within("Support/Refunds", "Support")
    assert not policy.is_within("Supporters", "Support")
    policy.check_move("Support", "Supporters", 7)


@pytest.mark.parametrize("to", ["Support", "Support/Refunds"])
def test_into_itself_is_refused(to: str) -> None:
    with pytest.raises(FolderInvalid, match="into itself"):
        policy.check_move("Support", to, 7)


def test_what_would_become_too_long_is_refused() -> None:
    policy.check_move("a", "b" * 50, 51)
    with pytest.raises(FolderInvalid, match="more than 100 characters"):
        policy.check_move("a", "b" * 51, 51)


@pytest.mark.parametrize(
    ("typed", "path"), [(" Support / Refunds ", "Support/Refunds"), ("a  b/c", "a b/c")]
)
def test_space_around_names_is_dropped(typed: str, path: str) -> None:
    assert policy.checked(typed) == path


@pytest.mark.parametrize("typed", ["", "  ", "/a", "a/", "a//b", "a/ /b", "a\x00b", "x" * 101])
def test_paths_that_are_none(typed: str) -> None:
    with pytest.raises(FolderInvalid):
        policy.checked(typed)
