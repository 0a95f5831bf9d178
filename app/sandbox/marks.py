r"""Role lines and history lines in a Jinja text: ours, and resolved before Jinja reads anything.

Each is exchanged for a token with a number that nobody can guess, and the output is cut at the
tokens. So a text may have role lines inside of conditions and loops, and what comes out of a value
is never one. The grammar is that of `app/domain/prompts/template.py`; a test holds one against the
other.
"""

from __future__ import annotations

import re
import secrets

from app.sandbox.trouble import Trouble

Message = tuple[str, str]  # role, content

_SPACE = r"[\t\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_MARK = re.compile(
    rf"""^(?P<indent>[ \t]*)(?P<escape>\\*)(?P<mark>\{{\{{{_SPACE}*(?:role{_SPACE}+["']"""
    rf"""(?P<role>system|user|assistant|model)["']|history){_SPACE}*\}}\}})(?P<tail>[ \t]*)$""",
    re.MULTILINE,
)
_REFERENCE = re.compile(
    rf"\{{\{{{_SPACE}*>{_SPACE}*[A-Za-z0-9_./-]+(?:@[A-Za-z0-9_.-]+)?{_SPACE}*\}}\}}"
)


def without(text: str) -> str:
    """`text` with neither marks nor references, line by line as long as before: to be checked."""
    return _REFERENCE.sub("", _MARK.sub("", text))


class Marked:
    """A text whose marks are tokens."""

    def __init__(self, text: str) -> None:
        self._nonce = str(secrets.randbelow(10**30)).zfill(30)
        self._meant: list[tuple[str | None, str]] = []  # role, or the words of an escaped mark
        self.source = _MARK.sub(self._token, text)

    def _token(self, match: re.Match[str]) -> str:
        if match["escape"]:  # one backslash less is what it says
            words = f"{match['indent']}{match['escape'][1:]}{match['mark']}{match['tail']}"
            self._meant.append((None, words))
        else:
            role = match["role"] or "history"
            self._meant.append(("assistant" if role == "model" else role, ""))
        # Private use and digits: no filter that changes letters or markup changes these.
        return f"\ue000{self._nonce}.{len(self._meant) - 1}\ue001"

    def messages(self, output: str) -> list[Message]:
        """What was rendered, cut at the tokens. Raises `Trouble`."""
        found: list[Message] = []
        role: str | None = None  # none = no role line yet, or a history line came last
        words: list[str] = []
        for index, piece in enumerate(re.split(rf"\ue000{self._nonce}\.(\d+)\ue001", output)):
            if index % 2 == 0:
                words.append(piece)
                continue
            meant, literal = self._meant[int(piece)]
            if meant is None:
                words.append(literal)
                continue
            self._finish(found, role, words)
            words = []
            role = meant
            if meant == "history":
                found.append(("history", ""))
                role = None
        self._finish(found, role, words)
        return found

    def _finish(self, found: list[Message], role: str | None, words: list[str]) -> None:
        """Empty lines at either end are left out: blocks that came to nothing leave them."""
        content = "".join(words).strip("\n")
        if self._nonce in content:
            raise Trouble("failed", "A role line stands where a filter changes it.")
        if role is not None or content.strip():
            found.append((role or "user", content))
