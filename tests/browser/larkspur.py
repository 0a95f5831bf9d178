"""Larkspur Travel: a workspace as it looks after some weeks, made through the product's own doors."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.server import PASSWORD, Server
from tests.support.yclient import YClient

SLUG = "larkspur-travel"
PEOPLE = {  # key: name, hue, role
    "maya": ("Maya Lindqvist", "azure", "owner"),
    "priya": ("Priya Raman", "coral", "editor"),
    "kenji": ("Kenji Watanabe", "teal", "editor"),
    "amara": ("Amara Obi", "violet", "reviewer"),
    "leila": ("Leila Haddad", "rose", "viewer"),
    "tomas": ("Tomás Oliveira", "moss", "admin"),
}
FOLDERS = {
    "Support desk": [
        ("priya", "Flight delay apology", "Writes a short, honest apology with the next step", "gpt-5-mini"),
        ("maya", "Chat escalation router", "Routes a conversation to the right desk", "claude-haiku-4.5"),
        ("kenji", "Hotel review reply", "Answers a public review in the hotel’s own voice", "mistral-large-2"),
        ("priya", "Loyalty tier explainer", "Explains how many nights or flights are left", "gpt-5-mini"),
    ],
    "Trips": [
        ("kenji", "Itinerary summariser", "Turns a raw booking record into a day-by-day plan", "gemini-2.5-flash"),
        ("kenji", "Search query expander", "Adds synonyms and nearby airports to a trip search", "llama-3.3-70b"),
        ("tomas", "Car hire upsell", "Suggests a hire class that fits the party and luggage", "gpt-5-mini"),
        ("amara", "Packing list for a family of five that travels with hand luggage only", "", ""),
    ],
    "Compliance": [
        ("amara", "Passport and visa checker", "Checks entry rules and lists what is missing", "claude-sonnet-4.5"),
        ("tomas", "Incident report drafter", "Drafts a blameless report from the timeline", "gpt-5-mini"),
    ],
    "Partners": [
        ("tomas", "Bookings SQL analyst", "Writes read-only SQL against the bookings warehouse", "claude-sonnet-4.5"),
        ("maya", "Invoice line extractor", "Pulls dated line items from supplier PDFs as JSON", "gemini-2.5-flash"),
        ("maya", "Concierge tone rewrite", "Rewrites a draft in the premium concierge voice", "claude-haiku-4.5"),
        ("priya", "Empty page", "", ""),
    ],
}  # fmt: skip
FIRST = """# Role
You are a refund specialist for {{company_name}}. You read one customer message at a time and decide what happens next.

# What you know
- Booking record: {{booking_json}}
- Fare rules in force on the day of purchase: {{fare_rules}}
- Today is {{today}}.

# Decide
1. If the fare is refundable, approve it.
2. If the carrier cancelled, approve a full refund and cite the clause you relied on.
3. Otherwise escalate to a person with a one-line summary.

Never promise a date you cannot see in the booking record.
Do not mention internal policy names.

# Answer
Reply in {{customer_language}}, in at most 200 words, politely.
{{role "user"}}
{{message}}"""
EDITS = [  # who, what stands there, what they make of it
    ("maya", "approve it.", "approve it and state the amount in {{currency}}."),
    (
        "kenji",
        "escalate to a person with a one-line summary.",
        "offer the strongest alternative the fare rules allow: rebooking, voucher or partial credit.",
    ),
    ("kenji", "booking record.\nDo not", "booking record. If two rules conflict, say so.\nDo not"),
    ("priya", "\nDo not mention internal policy names.", ""),
    ("amara", "200 words, politely.", "120 words, in the voice of a calm colleague."),
]
LATER = ("priya", "message at a time and", "message at a time, then")


@dataclass
class Larkspur:
    """The workspace, and each person's own way in."""

    server: Server
    people: dict[str, httpx.Client] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)  # title → id

    @property
    def triage(self) -> str:
        """The address of the prompt that everybody works on."""
        return self.prompt("Refund triage assistant")

    def prompt(self, title: str) -> str:
        return f"/w/{SLUG}/prompts/{self.prompts[title]}"

    def email(self, who: str) -> str:
        return f"{who}@larkspur.example"

    def cookies(self, who: str) -> list[Any]:
        """What makes a browser theirs."""
        return [
            {"name": name, "value": value, "url": self.server.url}
            for name, value in self.people[who].cookies.items()
        ]

    def build(self) -> None:
        self._everybody()
        self._library()
        self._history()
        self._rollout()
        self._reference()
        self._view()
        self._key()

    def close(self) -> None:
        for client in self.people.values():
            client.close()

    def post(self, who: str, path: str, **form: Any) -> httpx.Response:
        """Send a form as they would; answers other than success and redirects are failures."""
        answer = self.people[who].post(path, data=form)
        assert answer.status_code < 400, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer

    def _everybody(self) -> None:
        for who, (name, hue, role) in PEOPLE.items():
            self.people[who] = httpx.Client(
                base_url=self.server.url, headers={"Origin": self.server.url}, timeout=20
            )
            new = {"name": name, "email": self.email(who), "password": PASSWORD}
            if role == "owner":
                self.post(who, "/setup", workspace="Larkspur Travel", **new)
            else:
                self.post(who, self.invite(role), **new)
            shown = {"show_my_cursor": "true", "let_follow": "true", "show_others": "true"}
            self.post(who, "/account/profile", name=name, hue=hue, theme="", **shown)

    def invite(self, role: str, email: str = "") -> str:
        """The path of a new invitation."""
        answer = self.post(
            "maya", f"/w/{SLUG}/settings/members/invitations", role=role, email=email
        )
        found = re.search(r"/join/[^\"]+", answer.text)
        assert found
        return found[0]

    def _library(self) -> None:
        for folder, prompts in FOLDERS.items():
            for who, title, description, model in prompts:
                start = (
                    ""
                    if title == "Empty page"
                    else "reply"
                    if folder == "Support desk"
                    else "summarise"
                )
                tags = ", ".join({folder.split()[0].lower(), "tone" if "o" in title else "data"})
                self._prompt(who, title, description, model, folder, tags, start)
        for who, title in (("priya", "Flight delay apology"), ("kenji", "Itinerary summariser")):
            self.publish(who, title, "First version", "production")
        self.publish("maya", "Chat escalation router", "Two desks", "staging")

    def _prompt(  # a row of a table
        self, who: str, title: str, description: str, model: str, folder: str, tags: str, start: str
    ) -> None:
        form = {"title": title, "name": "", "folder": folder, "tags": tags, "start": start}
        answer = self.post(who, f"/w/{SLUG}/prompts", **form)
        self.prompts[title] = answer.headers["Location"].rsplit("/", 1)[1]
        if description:
            self.post(who, f"{self.prompt(title)}/details", title=title, description=description)
        if model:
            self.set(who, title, "config.model", model)

    def set(self, who: str, title: str, key: str, value: str) -> None:
        self.post(who, f"{self.prompt(title)}/settings", field=key, value=value)

    def publish(self, who: str, title: str, message: str, *labels: str) -> None:
        self.post(who, f"{self.prompt(title)}/publish", message=message, labels=list(labels))

    def _history(self) -> None:
        title, text = (
            "Refund triage assistant",
            "Decides refund, offer or escalation from one customer message.",
        )
        self._prompt(
            "priya", title, text, "claude-sonnet-4.5", "Support desk", "support, refunds", ""
        )
        self.set("priya", title, "config.temperature", "0.4")
        self.set("priya", title, "config.max_tokens", "600")
        for name in ("company_name", "booking_json", "fare_rules", "today", "customer_language"):
            self.post("priya", f"{self.triage}/variables", name=name)
        self.write("priya", title, "", FIRST)
        self.publish("priya", title, "Cite the clause when the carrier cancels", "production")
        for who, before, after in EDITS:
            self.write(who, title, before, after)
        self.set("maya", title, "config.temperature", "0.2")
        self.post("maya", f"{self.triage}/variables", name="currency")
        self.publish("kenji", title, "Offer vouchers before escalating", "staging")
        self.write(*LATER[:1], title, *LATER[1:])

    def write(self, who: str, title: str, before: str, after: str) -> None:
        """Replace what stands there once, as that person, in the room."""
        page = self.people[who].get(self.prompt(title)).text
        room = re.search(r'"url": ?"(/rooms/[^"]+)"', page)
        assert room
        client = YClient(f"{self.server.socket_url}{room[1]}?ack=1", "")
        cookies = "; ".join(f"{name}={value}" for name, value in self.people[who].cookies.items())
        client.headers = {"Cookie": cookies, "Origin": self.server.url}

        async def rewrite() -> None:
            async with client:
                at = client.content.index(before)
                at = len(client.content[:at].encode())
                await client.edit(at, after, delete=len(before.encode()))
                await client.durable()

        _beside(rewrite())

    def _rollout(self) -> None:
        """A second version, which a tenth of those who ask for production get."""
        title = "Itinerary summariser"
        self.write("kenji", title, "", "Write for somebody on the way.\n")
        self.publish("kenji", title, "For somebody on the way")
        form = {"label": "production", "version": "2", "percent": "10", "back": "label"}
        self.post("kenji", f"{self.prompt(title)}/labels", **form)

    def _reference(self) -> None:
        self.write(
            "maya", "Concierge tone rewrite", "", "{{> refund-triage-assistant@production}}\n"
        )

    def _view(self) -> None:
        form = {"name": "Tone of voice", "address": "tag=tone&label=production&label=draft"}
        self.post("maya", f"/w/{SLUG}/views", **form)

    def _key(self) -> None:
        path = f"/w/{SLUG}/settings/keys"
        for name, scopes in (("checkout-service", ["read"]), ("ci", ["read", "write"])):
            self.post("tomas", path, name=name, scopes=scopes)


def _beside(work: Coroutine[Any, Any, None]) -> None:
    """Run it in a thread: this one may already be Playwright's loop."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # raised again by whoever waits
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
