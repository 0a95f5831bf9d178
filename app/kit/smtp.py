"""Hands messages to a mail server over SMTP; tells what may be tried again from what may not."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

TIMEOUT_SECONDS = 20.0  # for each answer of the server


class Refused(Exception):  # named for the situation
    """The server will never take this message, or not for this person."""


class Busy(Exception):
    """Not now: the server is away, or asks to come back later."""


class Mailer(Protocol):
    async def send(self, message: EmailMessage) -> None:
        """Returns once the server has taken it. Raises `Refused` or `Busy`."""


@dataclass(frozen=True, slots=True)
class Address:
    """Of a mail server, and how it is spoken to."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, url: str) -> Address:
        """From smtps://, smtp:// (with STARTTLS) or smtp+plain://. Raises `ValueError`."""
        parts = urlsplit(url)
        security, port = _SCHEMES.get(parts.scheme, (None, 0))
        if security is None or not parts.hostname or parts.port == 0:
            raise ValueError("not an address of a mail server")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if user and security == "none":
            raise ValueError("a password would travel in the clear")
        return cls(parts.hostname, parts.port or port, security, user, password)


_SCHEMES: dict[str, tuple[Literal["tls", "starttls", "none"], int]] = {
    "smtps": ("tls", 465),
    "smtp": ("starttls", 587),
    "smtp+plain": ("none", 25),
}


class SmtpMailer:
    """A connection for each message: there are few, and one that was kept may have died."""

    def __init__(self, url: str) -> None:
        """Raises `ValueError`."""
        self._to = Address.of(url)

    async def send(self, message: EmailMessage) -> None:
        to = self._to
        try:
            await aiosmtplib.send(
                message,
                hostname=to.host,
                port=to.port,
                username=to.user or None,
                password=to.password or None,
                use_tls=to.security == "tls",
                # Demanded and not merely tried: whoever sits between could take the offer away.
                start_tls=to.security == "starttls",
                timeout=TIMEOUT_SECONDS,
            )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            if all(500 <= code < 600 for code in _codes(error)) and not _is_ours(error):
                raise Refused(type(error).__name__) from error
            raise Busy(type(error).__name__) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Busy(type(error).__name__) from error
        except ValueError as error:  # an address that cannot be written down for this server
            raise Refused(type(error).__name__) from error


def _codes(error: Exception) -> list[int]:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return [one.code for one in error.recipients]
    return [error.code] if isinstance(error, aiosmtplib.SMTPResponseException) else []


def _is_ours(error: Exception) -> bool:
    """A wrong password is no fault of the message: an operator puts it right."""
    return isinstance(error, aiosmtplib.SMTPAuthenticationError)
