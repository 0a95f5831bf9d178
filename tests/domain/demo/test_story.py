"""Stories: the same seed tells the same, and none could not have happened."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from app.access.permissions import Role
from app.domain.accounts.policy import HUES
from app.domain.demo.material import material
from app.domain.demo.story import Story, Teller
from app.domain.prompts import policy, settings, template

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
COUNT = 600


def told(seed: int = 1, count: int = COUNT) -> list[Story]:
    return list(Teller(material(), seed, NOW).stories(count))


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return told()


def test_the_same_seed_tells_the_same(stories: list[Story]) -> None:
    assert told() == stories


def test_another_seed_tells_something_else(stories: list[Story]) -> None:
    other = told(2)
    same = sum(
        a.events[-1].draft == b.events[-1].draft for a, b in zip(stories, other, strict=True)
    )
    assert same < COUNT / 10


def test_fewer_are_the_beginning_of_more(stories: list[Story]) -> None:
    assert told(count=30) == stories[:30]


def test_every_event_lies_behind_the_one_before_and_none_ahead(stories: list[Story]) -> None:
    for story in stories:
        times = [event.at for event in story.events]
        assert all(a < b for a, b in itertools.pairwise(times)), story.name
        assert max([times[-1], story.edited_at, *(move.at for move in story.moves)]) <= NOW


def test_details_are_what_the_form_would_take(stories: list[Story]) -> None:
    for story in stories:
        tags = policy.normal_tags(story.tags)
        policy.check_details(
            name=story.name,
            title=story.title,
            description=story.about,
            folder=story.folder,
            tags=tags,
        )
    assert len({story.name for story in stories}) == COUNT


def test_texts_differ_and_are_templates(stories: list[Story]) -> None:
    texts = [story.events[-1].draft.text for story in stories]
    assert len(set(texts)) > COUNT * 0.98
    for text in texts:
        assert policy.normal_text(text) == text
        roles = [message.role for message in template.messages_of(text)]
        assert roles in (["system", "user"], ["system", "history", "user"])
        assert template.variables_in(text)


def test_configs_are_what_settings_take(stories: list[Story]) -> None:
    for story in stories:
        for event in story.events:
            assert settings.with_config({}, event.draft.config) == event.draft.config


def test_a_version_differs_from_the_one_before(stories: list[Story]) -> None:
    for story in stories:
        drafts = [one.draft for one in story.events if one.kind in ("publish", "restore")]
        for before, after in itertools.pairwise(drafts):
            assert (before.text, before.config) != (after.text, after.config), story.name


def test_labels_go_to_versions_that_exist_by_then(stories: list[Story]) -> None:
    for story in stories:
        published = [one.at for one in story.events if one.kind in ("publish", "restore")]
        for move in story.moves:
            assert published[move.number - 1] < move.at, story.name


def test_there_is_something_of_everything(stories: list[Story]) -> None:
    kinds = {event.kind for story in stories for event in story.events}
    assert kinds == {"edit", "checkpoint", "publish", "restore"}
    assert {move.label for story in stories for move in story.moves} == {"staging", "production"}
    assert 0 < sum(story.archived_at is not None for story in stories) < COUNT / 10
    assert sum(move.rollout is not None for story in stories for move in story.moves) == 1
    numbers = [move.number for story in stories for move in story.moves]
    assert max(numbers) >= 9
    drafts = sum(story.events[-1].kind in ("edit", "checkpoint") for story in stories)
    assert COUNT / 10 < drafts < COUNT / 2


def test_people_have_colours_and_roles_and_desks_name_them() -> None:
    world = material().world
    assert {one.hue for one in world.people} <= set(HUES)
    assert [one.role for one in world.people].count(Role.OWNER) == 1
    assert {one.role for one in world.people} == set(Role)
    names = {one.name for one in world.people if one.role not in (Role.VIEWER, Role.COMMENTER)}
    assert {name for desk in material().desks for name in desk.team} <= names
