"""Asks the formats' own libraries what they make of files. Runs apart, with `.venv/oracle` alone.

Reads JSON from standard input, [{"format", "file", "text"}, …], and answers a list of what each is.
They are not among the tests' packages, because Litestar changes how it works where it finds theirs.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    os.environ |= {
        "OPENAI_API_KEY": "k",
        "AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com",
    }
    asked = json.load(sys.stdin)
    json.dump([_answer(one) for one in asked], sys.stdout)


def _answer(one: dict[str, Any]) -> Any:
    if "values" in one:
        return _FILLERS[one["format"]](one["file"], one["text"], one["values"])
    return _READERS[one["format"]](one["file"], one["text"])


def _dotprompt(_file: str, text: str) -> dict[str, Any]:
    from dotpromptz.parse import parse_document

    found = parse_document(text)
    return {
        "name": found.name,
        "model": found.model,
        "config": found.config,
        "tools": found.tools,
        "defined": [one.name for one in found.tool_defs or []],
        "default": found.input.default if found.input else None,
        "ext": found.ext,
        "template": found.template,
    }


def _prompty(file: str, text: str) -> dict[str, Any]:
    import prompty
    from prompty.parsers.prompty import PromptyChatParser

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, file)
        path.write_text(text, encoding="utf-8")
        found = prompty.load(path)
    options = found.model.options if found.model else None
    parsed = PromptyChatParser().parse(found, found.instructions or "")
    return {
        "name": found.name,
        "model": found.model.id if found.model else None,
        "provider": found.model.provider if found.model else None,
        "max_tokens": options.max_output_tokens if options else None,
        "temperature": options.temperature if options else None,
        "inputs": [[one.name, one.kind] for one in found.inputs or []],
        "tools": [one.name for one in found.tools or []],
        "format": found.template.format.kind if found.template else None,
        "messages": [[one.role, "".join(part.value for part in one.parts)] for one in parsed],
    }


def _dotprompt_filled(_file: str, text: str, values: dict[str, Any]) -> dict[str, Any]:
    """What the library itself makes of a file and these values."""
    from dotpromptz.dotprompt import Dotprompt
    from dotpromptz.typing import DataArgument

    found = asyncio.run(Dotprompt().render(text, DataArgument(input=values)))
    return {
        "messages": [
            [one.role.value, "".join(part.text for part in one.content)] for one in found.messages
        ]
    }


def _prompty_written(file: str, text: str, values: dict[str, Any] | None) -> dict[str, Any]:
    """The file as the library itself writes it, and what it makes of these values."""
    import prompty
    import yaml

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, file)
        path.write_text(text, encoding="utf-8")
        found = prompty.load(path)
    saved = found.save()
    # Words and variables mean the same in both, and its Mustache needs one more library.
    if found.template is not None:
        found.template.format.kind = "jinja2"
    messages = prompty.prepare(found, values) if values is not None else []
    saved.get("metadata", {}).pop("__source_path", None)
    body = saved.pop("instructions", "")
    front = yaml.safe_dump(saved, sort_keys=False, allow_unicode=True)
    return {
        "written": f"---\n{front}---\n{body}",
        "messages": [
            [one.role, "".join(part.value for part in one.parts)]
            for one in messages
            if hasattr(one, "parts")
        ],
    }


_FILLERS = {"dotprompt": _dotprompt_filled, "prompty": _prompty_written}
_READERS = {"dotprompt": _dotprompt, "prompty": _prompty}

if __name__ == "__main__":
    main()
