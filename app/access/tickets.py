"""Tickets: a minute's entry to one room, for clients that can set neither cookie nor header."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from itsdangerous import BadData, URLSafeTimedSerializer

from app.access.principal import Principal
from app.errors import Unauthenticated

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Claim:
    """Whom a ticket was issued to. What they may do is looked up again when it is shown."""

    actor: str
    credential_id: UUID


class Tickets:
    """Signs and reads tickets; nothing is stored."""

    def __init__(self, secret_key: str) -> None:
        self._signer = URLSafeTimedSerializer(secret_key, salt="promptroom.room-ticket")

    def issue(self, document_id: UUID, principal: Principal) -> str:
        """Bound to this room, this principal, and the session or key it came with."""
        return str(
            self._signer.dumps([str(document_id), principal.actor, str(principal.credential_id)])
        )

    def redeem(self, document_id: UUID, ticket: str) -> Claim:
        """Raises `Unauthenticated` for a forged or old ticket, or one for another room."""
        try:
            room, actor, credential = self._signer.loads(ticket, max_age=SECONDS)
            if room != str(document_id):
                raise Unauthenticated("This ticket is for another room.")
            return Claim(actor, UUID(credential))
        except (BadData, ValueError, TypeError) as error:
            raise Unauthenticated(
                "This ticket is not valid any more. Ask for a new one."
            ) from error
