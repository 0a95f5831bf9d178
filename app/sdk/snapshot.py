"""The last known prompts on disk, for a start while the server is away."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.sdk.cache import Key
from app.sdk.rollouts import Rollout
from app.sdk.types import Include, Message, Prompt, Variable

log = logging.getLogger("promptroom")
FORMAT = 1


def owner(url: str, key: str) -> str:
    """Whose prompts they are, without saying it: another key may see others."""
    return hashlib.sha256(f"{url}\n{key}".encode()).hexdigest()


def load(path: Path, whose: str) -> list[tuple[Key, Prompt]]:
    """What was saved there; nothing if it is damaged, of another format or somebody else's."""
    try:
        data = json.loads(path.read_bytes())
        if data["format"] != FORMAT or data["owner"] != whose:
            return []
        return [(Key(**one["key"]), _prompt(one["prompt"])) for one in data["prompts"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        log.warning("the snapshot %s is not used: %s", path, type(error).__name__)
        return []


def save(path: Path, whose: str, prompts: list[tuple[Key, Prompt]]) -> None:
    """Whole or not at all; for the owner's eyes alone. Raises `OSError`."""
    kept = [{"key": asdict(key), "prompt": asdict(prompt)} for key, prompt in prompts]
    body = json.dumps({"format": FORMAT, "owner": whose, "prompts": kept}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes it readable by its owner alone
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _prompt(data: dict[str, Any]) -> Prompt:
    lists = {
        "messages": tuple(Message(**one) for one in data["messages"]),
        "variables": tuple(Variable(**one) for one in data["variables"]),
        "includes": tuple(Include(**one) for one in data["includes"]),
        "rollouts": tuple(Rollout(**one) for one in data.get("rollouts", ())),
    }
    return Prompt(**(data | lists))
