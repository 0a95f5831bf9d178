"""One e-mail as it is sent: plain text and HTML, with a link that ends them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from jinja2 import Environment

from app.domain.mail.models import Mail
from app.kit.smtp import Refused

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_NAME_LONGEST = 80  # of a person or a prompt in a header
TEXT_LONGEST = 300


@dataclass(frozen=True, slots=True)
class House:
    """From whom mail comes, and where its links lead."""

    sender: str  # an address
    url: str  # of this server, without a slash at its end


@dataclass(frozen=True, slots=True)
class Contents:
    """What one mail is about. `items` are as `inbox.views.item` makes them."""

    name: str
    email: str
    workspace: str
    slug: str
    items: Sequence[dict[str, Any]]
    more: int  # that are not among the items
    unsubscribe: str  # token


def one_line(text: str, longest: int = _NAME_LONGEST) -> str:
    """`text` for a header or a line of plain text: nothing in it ends a line or turns it around."""
    line = " ".join(_CONTROLS.sub(" ", text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def write(templates: Environment, house: House, mail: Mail, contents: Contents) -> EmailMessage:
    """The message. Raises `Refused` for an address that no header can hold."""
    links = {
        "inbox": f"{house.url}/w/{contents.slug}/inbox",
        "settings": f"{house.url}/w/{contents.slug}/settings/notifications",
        "unsubscribe": f"{house.url}/unsubscribe/{contents.unsubscribe}",
    }
    context = {"contents": contents, "links": links, "url": house.url}
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = Address("Promptroom", addr_spec=house.sender)
        message["To"] = Address(one_line(contents.name), addr_spec=contents.email)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise Refused(type(error).__name__) from error
    message["Subject"] = _subject(contents)
    message["Date"] = format_datetime(mail.made_at)
    # The same whenever it is tried: a server that has taken it once can tell.
    message["Message-ID"] = f"<{mail.id}@{house.sender.rpartition('@')[2]}>"
    message["List-Id"] = f"<{mail.workspace_id}.{house.sender.rpartition('@')[2]}>"
    message["List-Unsubscribe"] = f"<{links['unsubscribe']}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(templates.get_template("mail/news/body.txt").render(context))
    html = templates.get_template("mail/news/body.html").render(context)
    message.add_alternative(html, subtype="html")
    return message


def _subject(contents: Contents) -> str:
    first = contents.items[0]
    rest = len(contents.items) - 1 + contents.more
    about = f"{one_line(first['lead'])}: {one_line(first['title'])}"
    return about if not rest else f"{about}, and {rest} more"


def for_mail(house: House, item: dict[str, Any]) -> dict[str, Any]:
    """A row of the inbox as a mail has it: each text one line, the link whole."""
    texts = {
        name: one_line(value, TEXT_LONGEST)
        for name, value in item.items()
        if isinstance(value, str)
    }
    return item | texts | {"href": house.url + item["href"]}
