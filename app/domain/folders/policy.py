"""Rules about paths of folders that need neither database nor clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.domain.folders.errors import FolderInvalid
from app.domain.prompts.policy import FOLDER_LONGEST, folder_problem, normal_folder


@dataclass(frozen=True, slots=True)
class Node:
    """A folder in the tree. `prompts` lie in it, `total` in it and the folders below it."""

    path: str
    prompts: int = 0
    total: int = 0

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        return parent(self.path)

    @property
    def depth(self) -> int:
        return self.path.count("/")


def checked(path: str, field: str = "path") -> str:
    """`path` in its normal form. Raises `FolderInvalid` about `field`."""
    path = normal_folder(path)
    problem = "Enter a name." if not path else folder_problem(path)
    if problem:
        raise FolderInvalid({field: problem})
    return path


def parent(path: str) -> str:
    return path.rpartition("/")[0]


def line(path: str) -> list[str]:
    """Support/Refunds → Support, Support/Refunds."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return path == folder or path.startswith(f"{folder}/")


def moved(path: str, old: str, new: str) -> str:
    """Where `path`, within `old`, is when `old` has become `new`; "" = no folder."""
    return f"{new}{path[len(old) :]}".lstrip("/")


def check_move(old: str, new: str, longest: int, field: str = "path") -> None:
    """`longest` is the length of the longest path that moves along. Raises `FolderInvalid`."""
    if is_within(new, old):
        raise FolderInvalid({field: "A folder cannot be moved into itself."})
    if longest - len(old) + len(new) > FOLDER_LONGEST:
        raise FolderInvalid(
            {field: f"A folder within it would get more than {FOLDER_LONGEST} characters of path."}
        )


def tree(counts: Iterable[tuple[str, int]], made: Iterable[str]) -> list[Node]:
    """Every folder after the one it lies in: those in use, those made, and all above them."""
    nodes: dict[str, Node] = {}
    for path, number in [*counts, *((path, 0) for path in made)]:
        node = nodes.get(path, Node(path))
        nodes[path] = replace(node, prompts=node.prompts + number)
        for above in line(path):
            node = nodes.get(above, Node(above))
            nodes[above] = replace(node, total=node.total + number)
    return sorted(nodes.values(), key=lambda node: _order(node.path))


def after(nodes: Sequence[Node], path: str) -> Sequence[Node]:
    """What stands in a tree behind the place of `path`, which need not be there any more."""
    return nodes[bisect_right(nodes, _order(path), key=lambda node: _order(node.path)) :]


def _order(path: str) -> list[tuple[str, str]]:
    """By name in each folder, and not as text: a slash sorts before a hyphen."""
    return [(part.casefold(), part) for part in path.split("/")]
