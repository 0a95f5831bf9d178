"""A released prompt as code for those who take it into a program.  Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.exchange.parts import has_parts
from app.domain.prompts import template

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}")
_ODD = re.compile(r"\{[%#]|\{\{(?!\s*[A-Za-z_][A-Za-z0-9_.]*\s*\}\})|\\\{\{")


@dataclass(frozen=True, slots=True)
class Snippet:
    id: str
    title: str
    code: str


def snippets(
    address: str, name: str, label: str, text: str, config: Mapping[str, Any]
) -> list[Snippet]:
    """`name` is a prompt's and so needs no quoting; `label` is where programs find it."""
    names = list(dict.fromkeys(_VARIABLE.findall(text)))
    made = [
        Snippet("curl", "curl", _curl(address, name, label)),
        Snippet("sdk", "Python", _sdk(address, name, label, names)),
    ]
    if is_simple(text):
        made.append(Snippet("openai", "OpenAI, with the words inline", _openai(text, config)))
    return made


def is_simple(text: str) -> bool:
    """Whether words and variables are all there is: no reference, no image, no section."""
    messages = template.messages_of(text)
    return (
        bool(messages)
        and not has_parts(text)
        and not any(one.role == "history" or _ODD.search(one.content) for one in messages)
    )


def _curl(address: str, name: str, label: str) -> str:
    return (
        f'curl "{address}/api/v1/fetch/{name}?label={label}" \\\n'
        '  -H "Authorization: Bearer $PROMPTROOM_API_KEY"'
    )


def _sdk(address: str, name: str, label: str, names: Sequence[str]) -> str:
    values = ", ".join(f'{one}="…"' for one in names if one.isidentifier())
    chosen = "" if label == "production" else f', label="{label}"'
    return (
        "import os\n\n"
        "from app.sdk import Promptroom\n\n"
        f'client = Promptroom("{address}", os.environ["PROMPTROOM_API_KEY"])\n'
        f'prompt = client.get("{name}"{chosen})\n'
        f"messages = prompt.render({values})"
    )


def _openai(text: str, config: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(_VARIABLE.findall(text)))
    messages = [(one.role, one.content) for one in template.messages_of(text)]
    model = config.get("model") if isinstance(config.get("model"), str) else ""
    lines = ["from openai import OpenAI", "", "client = OpenAI()"]
    if names:
        lines[0:0] = ["import re", ""]
        inside = ", ".join(f'"{one}": "…"' for one in names)
        pattern = r'r"\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}"'
        lines += [f"values = {{{inside}}}", "", ""]
        lines += ["def filled(text: str) -> str:"]
        lines += [f"    return re.sub({pattern}, lambda found: values[found[1]], text)", "", ""]
    lines += ["response = client.responses.create(", f"    model={_text(model or 'gpt-5')},"]
    lines += ["    input=["]
    for role, content in messages:
        said = f"filled({_text(content)})" if _VARIABLE.search(content) else _text(content)
        lines.append(f'        {{"role": "{role}", "content": {said}}},')
    return "\n".join([*lines, "    ],", ")", "print(response.output_text)"])


def _text(value: str) -> str:
    """As Python writes it; what JSON escapes, Python reads the same."""
    return json.dumps(value, ensure_ascii=False)
