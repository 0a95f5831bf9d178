"""Asks the formats' own libraries what they make of files. Runs apart, with `.venv/oracle` alone.

Reads JSON from standard input, [{"format", "file", "text"}, …], and answers a list of what each is.
They are not among the tests' packages, because Litestar changes how it works where it finds theirs.
"""

from __future__ import annotations

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
    json.dump([_READERS[one["format"]](one["file"], one["text"]) for one in asked], sys.stdout)


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


_READERS = {"dotprompt": _dotprompt, "prompty": _prompty}

if __name__ == "__main__":
    main()
