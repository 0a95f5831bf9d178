"""Checking and rendering Jinja texts. Raises `Trouble` and nothing else.  Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import jinja2.debug  # noqa: F401  # jinja2 loads it when something fails, where no file can be opened
from jinja2 import Template, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.meta import find_undeclared_variables

from app.sandbox.environment import Sandbox
from app.sandbox.marks import Marked, Message, without
from app.sandbox.trouble import Trouble

_KEPT = 64  # compiled texts; compiling takes ten times as long as rendering
# Characters of them together. What one has compiled stays in the memory that the next one may use.
_KEPT_CHARACTERS = 1024 * 1024
_NOT_HERE: dict[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.ScopedEvalContextModifier: "autoescape",
}

_Compiled = tuple[Marked, Template, list[str]]  # and the names that it uses

_sandbox = Sandbox()
_compiled: OrderedDict[str, _Compiled] = OrderedDict()


def check(text: str) -> list[str]:
    """The variables that `text` uses, in the order of their first use."""
    with _told():
        tree = _read(without(text))
        names = _names(tree)
        _sandbox.compile(tree)
        return names


def rendered(
    text: str, values: Mapping[str, Any], absent: Collection[str], most: int
) -> list[Message]:
    """The messages of `text`, of at most so many characters.

    `absent` are names that need no value: they are not defined, and write nothing.
    """
    with _told():
        marked, template, names = _template(text)
        if missing := [name for name in names if name not in values and name not in absent]:
            raise Trouble("missing", "It has no value.", names=missing)
        given = {**values, **{name: Undefined(name=name) for name in absent}}
        pieces: list[str] = []
        room = most
        for piece in template.generate(given):
            room -= len(piece)
            if room < 0:
                raise Trouble("large", f"It makes more than {most} characters.")
            pieces.append(piece)
    return marked.messages("".join(pieces))


def _template(text: str) -> _Compiled:
    found = _compiled.get(text)
    if found is None:
        marked = Marked(text)
        tree = _read(marked.source)
        names = _names(tree)
        code = _sandbox.compile(tree)
        found = marked, Template.from_code(_sandbox, code, _sandbox.globals), names
        _compiled[text] = found
        while len(_compiled) > _KEPT or sum(map(len, _compiled)) > _KEPT_CHARACTERS:
            _compiled.popitem(last=False)
    return found


def _read(source: str) -> nodes.Template:
    tree = _sandbox.parse(source)
    for node in tree.find_all(nodes.Node):
        if (tag := _NOT_HERE.get(type(node))) is not None:
            raise Trouble("syntax", f"The tag {tag} cannot be used here.", node.lineno)
    _check_names(tree.find_all(nodes.Filter), _sandbox.filters, "filter")
    _check_names(tree.find_all(nodes.Test), _sandbox.tests, "test")
    return tree


def _names(tree: nodes.Template) -> list[str]:
    """In the order of their first use; the marks are gone, so `history` stands in a line."""
    used = find_undeclared_variables(tree)
    found = dict.fromkeys(one.name for one in tree.find_all(nodes.Name) if one.name in used)
    if "history" in found:
        [line, *_] = [one.lineno for one in tree.find_all(nodes.Name) if one.name == "history"]
        raise Trouble("syntax", "{{history}} has to stand on a line of its own.", line)
    return list(found)


def _check_names(used: Iterable[Any], known: Collection[str], kind: str) -> None:
    for node in used:
        if node.name not in known:
            raise Trouble("syntax", f"There is no {kind} {node.name} here.", node.lineno)


@contextmanager
def _told() -> Iterator[None]:
    """Whatever goes wrong, as `Trouble` with the line of the text."""
    try:
        yield
    except Trouble:
        raise
    except TemplateSyntaxError as error:
        raise Trouble("syntax", _sentence(error.message or ""), error.lineno) from error
    except UndefinedError as error:
        line = _line(error.__traceback__)
        raise Trouble("undefined", _sentence(str(error)), line) from error
    except RecursionError as error:
        raise Trouble("costly", "It goes too deep into itself.") from error
    except MemoryError as error:
        raise Trouble("costly", "It needs too much memory.") from error
    except SyntaxError as error:  # of the code that jinja2 makes: too many loops in one another
        raise Trouble("syntax", "Its blocks stand too deep in one another.") from error
    except Exception as error:
        line = _line(error.__traceback__)
        raise Trouble("failed", _sentence(str(error) or type(error).__name__), line) from error


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}."


def _line(traceback: TracebackType | None) -> int | None:
    """jinja2 has put the text's lines in the place of those of its code."""
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
