"""The memory: bounded, and emptied of exactly what a change is about."""

from __future__ import annotations

from uuid import UUID

from app.domain.releases.cache import Cache
from app.domain.releases.record import record

W, V = UUID(int=1), UUID(int=2)
P, Q = UUID(int=11), UUID(int=12)


def of(*made_of, names=(), size=10):
    return record(b"x" * size, made_of, names, is_fixed=False)


def test_a_change_drops_what_is_made_of_the_prompt_and_nothing_else():
    cache = Cache()
    cache.put((W, "a", b""), of(P))
    cache.put((W, "b", b""), of(Q, P))
    cache.put((W, "c", b""), of(Q))
    cache.changed(W, P, [])
    assert [cache.get((W, name, b"")) is None for name in "abc"] == [True, True, False]


def test_a_change_of_a_name_drops_answers_and_their_absence_in_its_workspace_alone():
    cache = Cache()
    cache.put_nothing((W, "a", b""))
    cache.put_nothing((V, "a", b""))
    cache.put((W, "b", b""), of(Q, names=["a"]))  # which includes whatever is called so
    cache.changed(W, P, ["a"])
    assert not cache.is_nothing((W, "a", b""))
    assert cache.is_nothing((V, "a", b""))
    assert cache.get((W, "b", b"")) is None


def test_the_least_recently_used_goes_first_and_giants_do_not_come_in():
    one = of(P, size=1000)
    cache = Cache(most_bytes=10 * one.size)
    for number in range(10):
        cache.put((W, str(number), b""), of(UUID(int=100 + number), size=1000))
    cache.get((W, "0", b""))
    cache.put((W, "new", b""), one)
    assert cache.get((W, "0", b"")) is not None
    assert cache.get((W, "1", b"")) is None
    assert cache.bytes <= 10 * one.size
    cache.put((W, "giant", b""), of(P, size=5 * one.size))
    assert cache.get((W, "giant", b"")) is None
    assert len(cache) == 10


def test_absences_are_bounded_and_nothing_stays_in_an_index():
    cache = Cache(most_nothings=3)
    for number in range(9):
        cache.put_nothing((W, str(number), b""))
    assert [cache.is_nothing((W, str(number), b"")) for number in (5, 6, 8)] == [False, True, True]
    cache.put((W, "a", b""), of(P, names=["b"]))
    cache.forget(W)
    assert not cache._by_name
    assert not cache._by_prompt
    assert cache.bytes == 0
