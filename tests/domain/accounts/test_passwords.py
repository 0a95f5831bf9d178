"""Password hashing."""

from __future__ import annotations

import asyncio
import threading

import pytest
from argon2 import extract_parameters

from app.domain.accounts import passwords
from app.domain.accounts.passwords import NOBODY, Passwords

pytestmark = pytest.mark.anyio


class TestHashing:
    async def test_only_the_same_password_matches(self) -> None:
        keeper = Passwords()
        stored = await keeper.hash("a long pass phrase")
        assert await keeper.matches(stored, "a long pass phrase")
        assert not await keeper.matches(stored, "a long pass phrasE")

    async def test_two_hashes_of_one_password_differ(self) -> None:
        keeper = Passwords()
        assert await keeper.hash("same words here") != await keeper.hash("same words here")

    async def test_a_password_typed_on_another_keyboard_matches(self) -> None:
        keeper = Passwords()
        assert await keeper.matches(await keeper.hash("caf\u00e9 au lait"), "cafe\u0301 au lait")

    async def test_a_damaged_hash_matches_nothing(self) -> None:
        assert not await Passwords().matches("$argon2id$broken", "anything")

    async def test_an_old_cheaper_hash_is_found_outdated(self) -> None:
        keeper = Passwords()
        cheap = "$argon2id$v=19$m=8,t=1,p=1$" + NOBODY.split("$", 4)[4]
        assert keeper.is_outdated(cheap)
        assert not keeper.is_outdated(await keeper.hash("a long pass phrase"))


class TestNobody:
    async def test_it_costs_what_a_real_hash_costs(self) -> None:
        real = extract_parameters(await Passwords().hash("a long pass phrase"))
        assert extract_parameters(NOBODY) == real

    async def test_without_a_person_the_same_work_is_done(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        checked: list[str] = []
        verify = passwords._verify
        monkeypatch.setattr(
            passwords,
            "_verify",
            lambda stored, word: checked.append(stored) or verify(stored, word),
        )
        assert not await Passwords().matches(None, "a long pass phrase")
        assert checked == [NOBODY]

    async def test_even_its_own_password_opens_nothing(self) -> None:
        assert not await Passwords().matches(None, "x" * 40)  # what NOBODY was made from


class TestLoad:
    async def test_only_a_few_are_hashed_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lock, running, most = threading.Lock(), 0, 0
        release = threading.Event()

        def slow(stored: str, word: str) -> bool:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            release.wait(2)
            with lock:
                running -= 1
            return False

        monkeypatch.setattr(passwords, "_verify", slow)
        keeper = Passwords(at_once=2)
        tasks = [asyncio.create_task(keeper.matches("x", "y")) for _ in range(6)]
        await asyncio.sleep(0.05)
        release.set()
        await asyncio.gather(*tasks)
        assert most == 2
