"""Which format a file has, by its name and by what is in it; and the table of all formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from app.domain.exchange.bounds import MOST_IN_FILE
from app.domain.exchange.errors import ExportImpossible, FileInvalid, FormatUnknown
from app.domain.exchange.formats import (
    dotprompt,
    github,
    langfuse,
    mlflow,
    openai,
    promptfoo,
    prompty,
)
from app.domain.exchange.record import Record
from app.domain.exchange.source import (
    Source,
    front_matter,
    json_source,
    text_of,
    yaml_source,
)
from app.domain.prompts import template


@dataclass(frozen=True, slots=True)
class Format:
    """`read` is None for a format that is written only."""

    name: str
    title: str
    suffix: str
    media_type: str
    parse: Callable[[str, str], Source]
    read: Callable[[Source], Iterator[Record]] | None
    put: Callable[[Record], bytes]
    unsaid: str  # what no file of it can say, for whoever brings one
    has_jinja: bool = False

    def write(self, record: Record) -> bytes:
        """Raises `ExportImpossible`."""
        is_jinja = record.template_format == "jinja2" and not template.is_plain(record.text)
        if is_jinja and not self.has_jinja:
            raise ExportImpossible(
                f"{self.title} has no words for Jinja. Export it as prompty or promptfoo."
            )
        return self.put(record)

    def file_name(self, prompt_name: str) -> str:
        """Flat: a slash in a name is no folder of whoever saves it."""
        if self.name == promptfoo.NAME:
            return f"{prompt_name.replace('/', '.')}.promptfooconfig.yaml"
        return f"{prompt_name.replace('/', '.')}{self.suffix}"


_JSON, _YAML = "application/json", "application/yaml"
FORMATS = {
    one.name: one
    for one in (
        Format(
            langfuse.NAME,
            "Langfuse JSON",
            ".langfuse.json",
            _JSON,
            json_source,
            langfuse.read,
            langfuse.write,
            "types of variables, titles, folders and tests",
        ),
        Format(
            dotprompt.NAME,
            "Dotprompt",
            dotprompt.SUFFIX,
            "text/plain",
            front_matter,
            dotprompt.read,
            dotprompt.write,
            "calls of tools and names of speakers",
        ),
        Format(
            prompty.NAME,
            "Prompty",
            prompty.SUFFIX,
            "text/plain",
            front_matter,
            prompty.read,
            prompty.write,
            "images and calls of tools",
            has_jinja=True,
        ),
        Format(
            openai.NAME,
            "OpenAI messages",
            ".openai.json",
            _JSON,
            json_source,
            openai.read,
            openai.write,
            "titles, folders, tags, labels, tests and types of variables",
        ),
        Format(
            mlflow.NAME,
            "MLflow",
            ".mlflow.json",
            _JSON,
            json_source,
            mlflow.read,
            mlflow.write,
            "folders, labels, tools and types of variables",
        ),
        Format(
            github.NAME,
            "GitHub Models",
            github.SUFFIXES[0],
            _YAML,
            yaml_source,
            github.read,
            github.write,
            "tools, tags, labels and types of variables",
        ),
        Format(
            promptfoo.NAME,
            "promptfoo",
            ".yaml",
            _YAML,
            yaml_source,
            None,
            promptfoo.write,
            "labels and tags",
            has_jinja=True,
        ),
    )
}
KNOWN = "Langfuse JSON, Dotprompt, Prompty, OpenAI messages, MLflow or GitHub .prompt.yml"


def read(data: bytes, file: str, format_name: str = "") -> list[Record]:
    """The prompts in a file; "" = find out its format. Raises `FileInvalid`, `FormatUnknown`."""
    return read_as(data, file, format_name)[1]


def read_as(data: bytes, file: str, format_name: str = "") -> tuple[Format, list[Record]]:
    """The same, with the format that was found out."""
    text = text_of(data, file)
    if not text.strip():
        raise FileInvalid("The file is empty.", file, 1)
    source, reader = _named(text, file, format_name) if format_name else _detected(text, file)
    records = list(islice(reader(source), MOST_IN_FILE + 1))
    if len(records) > MOST_IN_FILE:
        raise FileInvalid(f"A file has at most {MOST_IN_FILE:,} prompts. Split it.", file)
    if not records:
        raise FileInvalid("There is no prompt in this file.", file, 1)
    return next(one for one in FORMATS.values() if one.read is reader), records


def named(format_name: str) -> Format:
    """Raises `FormatUnknown`."""
    found = FORMATS.get(format_name)
    if found is None:
        raise FormatUnknown(f"{format_name} is no format; there are {', '.join(FORMATS)}.")
    return found


def _named(text: str, file: str, name: str) -> tuple[Source, Callable[[Source], Iterator[Record]]]:
    found = named(name)
    if found.read is None:
        raise FormatUnknown(f"{found.title} files are written and not read.")
    return found.parse(text, file), found.read


def may_hold(data: bytes, file: str) -> bool:
    """Whether a file, of whose kind there are others, holds a prompt or is too broken to tell."""
    try:
        return _recognised(text_of(data, file), file)[1] is not None
    except FileInvalid:
        return True
    except FormatUnknown:
        return False


def _detected(text: str, file: str) -> tuple[Source, Callable[[Source], Iterator[Record]]]:
    source, reader = _recognised(text, file)
    if reader is None:
        source.bad(
            "No prompt is in this JSON: Langfuse has name and prompt, MLflow name and template, "
            "OpenAI messages."
        )
    return source, reader


def _recognised(text: str, file: str) -> tuple[Source, Callable[[Source], Iterator[Record]] | None]:
    name = file.lower()
    if name.endswith(github.SUFFIXES):
        return yaml_source(text, file), github.read
    if name.endswith(prompty.SUFFIX):
        return front_matter(text, file), prompty.read
    if name.endswith(dotprompt.SUFFIX):
        return front_matter(text, file), dotprompt.read
    if text.lstrip()[:1] in ("{", "[") or name.endswith(".json"):
        source = json_source(text, file)
        known = (one for one in (langfuse, mlflow, openai) if one.looks_like(source.value))
        found = next(known, None)
        return source, found.read if found is not None else None
    if name.endswith((".yml", ".yaml")):
        source = yaml_source(text, file)
        if github.looks_like(source.value):
            return source, github.read
    elif text.lstrip().startswith("---"):
        source = front_matter(text, file)
        is_dotprompt = dotprompt.looks_like(source.value, source.body)
        return source, dotprompt.read if is_dotprompt else prompty.read
    raise FormatUnknown(f"{file}: this is none of {KNOWN}, nor an archive of Promptroom.")
