"""The table of grants, held against what it says of itself."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.access.permissions import DESCRIPTIONS, GRANTS, SCOPE_GRANTS, Permission, Role, Scope


class TestGrants:
    def test_every_role_and_scope_has_a_row(self) -> None:
        assert set(GRANTS) == set(Role)
        assert set(SCOPE_GRANTS) == set(Scope)

    def test_each_role_may_all_that_the_next_weaker_one_may(self) -> None:
        for stronger, weaker in pairwise(Role):
            assert GRANTS[weaker] <= GRANTS[stronger], (stronger, weaker)

    def test_the_owner_may_everything(self) -> None:
        assert GRANTS[Role.OWNER] == set(Permission)

    def test_only_owners_rule_owners(self) -> None:
        assert [role for role in Role if Permission.OWNERS_MANAGE in GRANTS[role]] == [Role.OWNER]

    def test_no_key_rules_owners(self) -> None:
        assert all(Permission.OWNERS_MANAGE not in granted for granted in SCOPE_GRANTS.values())

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.COMMENTER])
    def test_readers_change_no_prompt(self, role: Role) -> None:
        changing = {
            Permission.PROMPTS_WRITE,
            Permission.PROMPTS_ARCHIVE,
            Permission.VERSIONS_PUBLISH,
            Permission.LABELS_MOVE,
        }
        assert not changing & GRANTS[role]

    def test_every_permission_is_described_for_people(self) -> None:
        assert set(DESCRIPTIONS) == set(Permission)
        assert len(set(DESCRIPTIONS.values())) == len(Permission)
