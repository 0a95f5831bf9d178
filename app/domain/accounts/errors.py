"""What can go wrong with people, passwords and sessions."""

from __future__ import annotations

from app.errors import Conflict, InvalidFields, NotFound, Unauthenticated


class WrongCredentials(Unauthenticated):
    """The same for an unknown e-mail and for a wrong password."""

    code = "credentials_wrong"
    title = "That password does not match this email"
    advice = "Type both again. An admin can invite you anew."


class EmailTaken(Conflict):
    code = "email_taken"
    title = "Somebody with this email has an account"
    advice = "Sign in with that email, or use another one."


class WrongCurrentPassword(InvalidFields):
    code = "password_wrong"
    advice = "Type the present password again."

    def __init__(self) -> None:
        super().__init__({"current": "That is not your current password."})


class SessionUnknown(NotFound):
    code = "session_not_found"
    title = "This session has ended already"
    advice = "Nothing is left to do."
