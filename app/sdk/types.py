"""What goes over the wire, as values that cannot be changed by whoever gets them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from app.sdk import rendering
from app.sdk.rollouts import Rollout

Role = Literal["system", "user", "assistant", "history"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message. A mark for the caller's own messages has the role "history"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared variable. `required` None = required unless it has a default."""

    name: str
    type: str = "string"
    required: bool | None = None
    default: Any = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Include:
    """Another prompt's version that stands in this text."""

    name: str
    version: int
    label: str | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """How true the cache is.

    `live`: changes are pushed. `polling`: the server has no change stream, it is asked regularly.
    `starting`: not connected yet. `stale`: the server is away, the last known prompts are served.
    """

    state: Literal["starting", "live", "polling", "stale"]
    age: float  # seconds since the server last spoke
    error: str = ""  # why it is stale

    @property
    def is_stale(self) -> bool:
        return self.state == "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A released version of a prompt."""

    name: str
    text: str
    messages: tuple[Message, ...]
    id: str = ""
    version: int = 0  # 0 = a fallback
    label: str | None = None
    variables: tuple[Variable, ...] = ()
    includes: tuple[Include, ...] = ()
    rollouts: tuple[Rollout, ...] = ()  # labels that split on the way here; none = for everybody
    renamed_from: str | None = None
    published_at: str = ""
    etag: str = ""
    template_format: str = "mustache"  # or jinja
    is_stale: bool = False  # a newer one may be there, and the server could not be asked
    is_fallback: bool = False  # the caller's own words
    config_json: str = field(default="{}", repr=False)

    @property
    def config(self) -> dict[str, Any]:
        """Model and parameters: a copy of your own."""
        config: dict[str, Any] = json.loads(self.config_json)
        return config

    def render(
        self, history: Iterable[Message | Mapping[str, Any]] = (), /, **variables: Any
    ) -> list[Message]:
        """The messages with values in the place of variables; `history` goes to its mark.

        A value is text and is never read as a template. A Jinja text may make messages of its
        own, so it is rendered whole. Raises `RenderFailed`, `JinjaMissing`.
        """
        if self.template_format == "jinja":
            made = rendering.render_jinja(self.text, self.variables, variables)
            return _with_history((Message(role, content) for role, content in made), history)
        sources = [message.content for message in self.messages]
        texts = rendering.render(sources, self.variables, variables)
        pairs = zip(self.messages, texts, strict=True)
        return _with_history((Message(one.role, text) for one, text in pairs), history)

    @classmethod
    def of(cls, data: Mapping[str, Any], etag: str = "") -> Self:
        """From the server's answer. Fields that this version does not know are left out."""
        return cls(
            id=str(data["id"]),
            name=data["name"],
            version=data["version"],
            label=data.get("label"),
            text=data["text"],
            messages=tuple(_message(one) for one in data["messages"]),
            variables=tuple(_variable(one) for one in data.get("variables", ())),
            includes=tuple(
                Include(one["name"], one["version"], one.get("label"))
                for one in data.get("includes", ())
            ),
            rollouts=tuple(map(Rollout.of, data.get("rollouts", ()))),
            renamed_from=data.get("renamed_from"),
            published_at=str(data.get("published_at", "")),
            etag=etag,
            template_format=data.get("template_format", "mustache"),
            config_json=json.dumps(data.get("config", {})),
        )

    @classmethod
    def fallback(cls, name: str, given: Self | str) -> Self:
        """A caller's own words in the place of a prompt: text is one user message."""
        if isinstance(given, str):
            return cls(
                name=name,
                text=given,
                messages=(Message("user", given),),
                is_stale=True,
                is_fallback=True,
            )
        return given


def _with_history(
    made: Iterable[Message], history: Iterable[Message | Mapping[str, Any]]
) -> list[Message]:
    done: list[Message] = []
    for message in made:
        done += map(_message, history) if message.role == "history" else [message]
    return done


def _message(data: Message | Mapping[str, Any]) -> Message:
    return data if isinstance(data, Message) else Message(data["role"], data["content"])


def _variable(data: Mapping[str, Any]) -> Variable:
    return Variable(
        data["name"],
        data.get("type", "string"),
        data.get("required"),
        data.get("default"),
        data.get("description", ""),
    )
