"""When an e-mail is tried again and when it is over, and the links that need no signing in."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from app.domain.inbox.policy import MAIL_UP_TO

DUE, SENT, MOOT, REFUSED = "due", "sent", "moot", "refused"

# For one try: longer than every wait for the mail server together. A process that dies while it
# sends leaves the mail to be tried again after that.
LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(minutes=1)  # after a failure, doubled with each one
LONGEST_PAUSE = timedelta(hours=2)
KEEP = timedelta(days=30)  # what was sent or given up, to be asked about
MOST_ITEMS = 20  # threads and prompts in one mail; the inbox has the rest


def next_try(tries: int, now: datetime) -> datetime:
    """After the failure of the try with that number."""
    return now + min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(tries, 10)))


def is_over(made_at: datetime, now: datetime) -> bool:
    """Yesterday's news are in the inbox; nobody needs them by mail any more."""
    return now - made_at > MAIL_UP_TO


class Unsubscribing:
    """Links that end the mail of one person from one workspace.

    Signed and without an end: they are for whoever has the mail, and do nothing but that.
    """

    def __init__(self, secret_key: str) -> None:
        self._signer = URLSafeSerializer(secret_key, salt="mail.unsubscribe")

    def token(self, workspace_id: UUID, user_id: UUID) -> str:
        return str(self._signer.dumps([workspace_id.hex, user_id.hex]))

    def read(self, token: str) -> tuple[UUID, UUID] | None:
        """Workspace and person; None for what we did not sign."""
        try:
            workspace_id, user_id = self._signer.loads(token)
            return UUID(workspace_id), UUID(user_id)
        except (BadData, ValueError, TypeError, AttributeError):
            return None
