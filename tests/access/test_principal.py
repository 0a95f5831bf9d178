"""Principals: what a person or key may do, and how that is refused."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app.access.permissions import GRANTS, Permission, Role, Scope
from app.access.principal import Person, Principal
from app.errors import Forbidden


def a_person() -> Person:
    return Person(uuid4(), uuid4(), "Priya", "priya@example.com", "teal")


class TestAMember:
    @pytest.mark.parametrize("role", list(Role))
    def test_it_may_what_its_role_may(self, role: Role) -> None:
        person, workspace_id = a_person(), uuid4()
        member = Principal.of_member(person, workspace_id, role)
        assert member.permissions == GRANTS[role]
        assert member.actor == person.actor == f"user:{person.user_id}"
        assert member.credential_id == person.session_id

    def test_a_refusal_names_permission_and_role(self) -> None:
        member = Principal.of_member(a_person(), uuid4(), Role.VIEWER)
        with pytest.raises(Forbidden, match=r"viewer .*“Write prompts”") as caught:
            member.require(Permission.PROMPTS_WRITE)
        assert caught.value.extra == {"permission": "prompts:write"}
        member.require(Permission.PROMPTS_READ)


class TestAKey:
    def test_scopes_add_up(self) -> None:
        key = Principal.of_key(uuid4(), uuid4(), "ci", frozenset({Scope.READ, Scope.WRITE}))
        assert key.can(Permission.PROMPTS_WRITE)
        assert not key.can(Permission.KEYS_MANAGE)
        assert key.user_id is None

    def test_without_scopes_it_may_nothing(self) -> None:
        key = Principal.of_key(uuid4(), uuid4(), "ci", frozenset())
        assert not any(key.can(permission) for permission in Permission)
        with pytest.raises(Forbidden, match="this API key"):
            key.require(Permission.PROMPTS_READ)
