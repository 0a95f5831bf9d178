"""What the renderer keeps between one text and the next."""

from __future__ import annotations

from app.sandbox import rendering


def test_long_texts_of_one_leave_memory_for_the_next() -> None:
    """A process renders for one workspace after the other, and has one limit for all it holds."""
    short = "{{ 'kept' }}"
    rendering.rendered(short, {}, (), 100)
    assert short in rendering._compiled
    for number in range(8):
        rendering.rendered(f"{number}{'x' * 400_000}", {}, (), 500_000)
    assert 0 < sum(map(len, rendering._compiled)) <= 1024 * 1024

    rendering.rendered("y" * 2_000_000, {}, (), 3_000_000)

    assert sum(map(len, rendering._compiled)) <= 1024 * 1024
