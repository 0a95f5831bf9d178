"""Sessions of the older handshake: signed, not kept.

A client of that time (protocol 2025-11-25 and before) listens for news only if it was given a
session. Ours says whose it is and is believed by every worker that has the secret; so no worker
holds anything for it, none has to be asked for it, and a thousand of them cost nothing.
"""

from __future__ import annotations

import secrets

from itsdangerous import BadData, URLSafeTimedSerializer

from app.access.principal import Principal
from app.domain.agents.errors import SessionUnknown

SECONDS = 24 * 3600  # then the client initializes again


class Sessions:
    def __init__(self, secret_key: str) -> None:
        self._signer = URLSafeTimedSerializer(secret_key, salt="promptroom.mcp-session")

    def begin(self, caller: Principal) -> str:
        return str(self._signer.dumps([str(caller.credential_id), secrets.token_hex(8)]))

    def check(self, session: str, caller: Principal) -> None:
        """Raises `SessionUnknown`: the same for a forged, an old and another key's."""
        try:
            found = self._signer.loads(session, max_age=SECONDS)
        except BadData as error:
            raise SessionUnknown("Initialize again.") from error
        if not isinstance(found, list) or found[:1] != [str(caller.credential_id)]:
            raise SessionUnknown("Initialize again.")
