"""Which version of a prompt is asked for: by a label, by a number, or what is in production."""

from __future__ import annotations

import re
from dataclasses import dataclass

LATEST = "latest"
PRODUCTION = "production"
_NUMBER = re.compile(r"v?([0-9]{1,9})")
LARGEST = 2**31 - 1  # number of a version


@dataclass(frozen=True, slots=True)
class Selector:
    """`label` without a number; with a number the label is none."""

    label: str | None = PRODUCTION
    number: int | None = None

    @classmethod
    def of(cls, label: str | None, number: int | None) -> Selector:
        return cls(None, number) if number is not None else cls(label or PRODUCTION)

    @property
    def query(self) -> bytes:
        """The one way to write it in an address that answers are kept under."""
        if self.number is not None:
            return b"version=%d" % self.number
        return b"" if self.label == PRODUCTION else b"label=" + (self.label or "").encode()

    @property
    def words(self) -> str:
        return f"version {self.number}" if self.number is not None else f"label {self.label}"


def referred(label: str | None, asked: Selector) -> tuple[Selector, ...]:
    """What `{{> name@label}}` may mean, the first that is there.

    A number is a version, which stays what it is. Without a label it is the label that the text
    itself was asked by, so that staging includes staging, and production where that is not there.
    """
    if label is None:
        first = Selector(asked.label or PRODUCTION)
        return (first,) if first.label == PRODUCTION else (first, Selector())
    if found := _NUMBER.fullmatch(label):
        return (Selector(None, int(found[1])),)
    return (Selector(label),)
