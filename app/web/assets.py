"""Static files: one hash over the whole tree, so that relative imports stay cacheable for ever."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

_NOT_SERVED = frozenset({"src"})  # the bundle's sources: built by `make vendor`, never fetched


class Assets:
    """Turns `js/main.js` into `/static/b/<tree hash>/js/main.js`.

    The hash names the tree, not the file: a module that imports `./menus.js` gets the one that
    belongs to it, and both may be cached without end.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.build = _tree_hash(directory)

    def url(self, path: str) -> str:
        if not (self.directory / path).is_file():
            raise FileNotFoundError(f"no static file {path!r}")
        return f"/static/b/{self.build}/{path}"


def _tree_hash(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in served(directory):
        digest.update(path.relative_to(directory).as_posix().encode())
        digest.update(b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]  # 48 bits: names a build, protects nothing


def served(directory: Path) -> list[Path]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return sorted(f for f in files if f.relative_to(directory).parts[0] not in _NOT_SERVED)


def vendor_problems(directory: Path) -> list[str]:
    """What `vendor/VENDOR.toml` says that the files under `directory` do not bear out."""
    vendor = directory / "vendor"
    entries = tomllib.loads((vendor / "VENDOR.toml").read_text("utf-8")).get("file", [])
    problems = [problem for entry in entries for problem in _entry_problems(vendor, entry)]
    listed = {(vendor / str(entry.get("file"))).resolve() for entry in entries}
    problems += [
        f"{path.relative_to(directory)} is not listed in VENDOR.toml"
        for path in _third_party(directory)
        if path.resolve() not in listed
    ]
    return problems


def _entry_problems(vendor: Path, entry: dict[str, str]) -> list[str]:
    name = entry.get("file", "(no file)")
    missing = {"name", "version", "file", "source", "licence", "sha256"} - entry.keys()
    if missing:
        return [f"{name}: no {', '.join(sorted(missing))}"]
    path = vendor / name
    if not path.is_file():
        return [f"{name} does not exist"]
    if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
        return [f"{name} differs from its recorded sha256"]
    return []


def _third_party(directory: Path) -> list[Path]:
    vendored = directory.glob("vendor/*.js")
    return sorted([*vendored, *directory.glob("fonts/*.woff2"), directory / "icons" / "sprite.svg"])
