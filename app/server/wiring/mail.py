"""The post of this installation: a mail server, and how mails look."""

from __future__ import annotations

from app.domain.mail.jobs import Post
from app.domain.mail.letter import House
from app.domain.mail.policy import Unsubscribing
from app.kit.smtp import SmtpMailer
from app.server.paths import resource
from app.settings import Settings
from app.web.templates import mail_environment


def post_of(settings: Settings) -> Post:
    settings = settings.with_secret_key()
    return Post(
        SmtpMailer(settings.smtp_url),
        House(settings.mail_from, settings.public_url),
        Unsubscribing(settings.secret_key),
        mail_environment(resource("templates")),
    )
