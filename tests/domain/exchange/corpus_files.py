"""The corpus: what each file holds, and where the broken ones are broken."""

from __future__ import annotations

from pathlib import Path

from app.domain.exchange import detecting
from app.domain.exchange.record import Record

FOLDER = Path(__file__).parent / "corpus"

# file → for each prompt in it: name, roles of its messages, something that is in its text
GOOD: dict[str, list[tuple[str, str, str]]] = {
    "langfuse-text.json": [("support/greeting", "user", "{{> support/signature@production}}")],
    "langfuse-chat.json": [("support/refund-triage", "system history user history", "{{ticket}}")],
    "langfuse-array.json": [
        ("a/first", "user", "One {{x}}"),
        ("a/second", "user", "Only a user"),
        ("a/second", "user", "Only a user, later"),
    ],
    "langfuse-list.json": [("from-api", "user", "{{> house/rules@production}} and @@@langfuse")],
    "langfuse-role-lines.json": [("tricky", "user", '\\{{role "system"}}')],
    "plain.prompt": [("plain", "system user", "A poem about {{topic}}.")],
    "inline.v2.prompt": [("house/inline", "system history user assistant", '{{role "assistant"}}')],
    "no-front-matter.prompt": [("no-front-matter", "user", "{{#if polite}}")],
    "media.prompt": [("media", "user", '{{media url="{{picture}}"}}')],
    "enums.prompt": [("sort/ticket", "user", "{{urgency}}")],
    "partials.prompt": [("with/partials", "user", "{{> house/rules@production}}")],
    "odd-yaml.prompt": [("odd/yaml", "user", "words")],
    "v2.prompty": [("basic-chat", "system history user", "{% if firstName %}")],
    "mustache.prompty": [("shop/mustache", "user assistant", 'name=\\"Alice\\"')],
    "v1.prompty": [("Contoso helper", "system user", "{{question}}")],
    "no-markers.prompty": [("one/system", "system", "${file:rules.txt}")],
    "messages.json": [("messages", "system user assistant user assistant", '"tool_call_id": "c1"')],
    "chat-completions.json": [("chat-completions", "system user", "Answer in {{language}}.")],
    "responses.json": [("responses", "system user", "Hi {{name}}")],
    "mlflow.json": [("support.summary", "system user", "{{ text }}")],
    "mlflow-registry.json": [("old.prompt", "user", "Hi {{name}}")],
    "mlflow-text.json": [("hello", "user", "\n\nand another.")],
    "tests.prompt.yml": [("tests", "system user", "{{input}}")],
    "schema.prompt.yaml": [("schema", "user", "{{input}}")],
}

# file → line, column (0 = none is said), and words of what to do
BROKEN: dict[str, tuple[int, int, str]] = {
    "broken-comma.json": (4, 3, "Expecting ',' delimiter"),
    "broken-twice.json": (4, 0, "The key name stands twice"),
    "broken-role.json": (6, 14, "A message needs a role"),
    "broken-no-prompt.json": (1, 1, "Langfuse has name and prompt"),
    "broken-stored-at-openai.json": (1, 1, "Copy the messages from its dashboard"),
    "broken-nan.json": (0, 0, "NaN is no JSON"),
    "broken-end.prompt": (1, 1, "A second line ---"),
    "broken-indent.prompt": (5, 2, "This is not YAML"),
    "broken-pico.prompt": (5, 11, "A type is string"),
    "broken-alias.prompty": (3, 4, "Write the value out"),
    "broken-tag.prompty": (3, 4, "Leave out the tag"),
    "broken-secret.prompty": (7, 13, "Write ${env:NAME} instead"),
    "broken-messages.prompt.yml": (3, 11, "Add messages"),
    "broken-control.prompt.yml": (4, 1, "There is a control character"),
    "broken-empty.prompt": (1, 0, "The file is empty"),
    "broken-latin1.json": (2, 0, "Save the file in UTF-8"),
}


def read(file: str) -> list[Record]:
    return detecting.read((FOLDER / file).read_bytes(), file)
