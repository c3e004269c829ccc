"""Several at work on the same prompts in the same moment, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connection

from llm.errors import Conflict
from llm.models import Organisation
from prompts.models import LabelMove, Prompt, Proposal, Version
from prompts.transfer import Import, imported
from prompts.writing.editing import Details, Origin, create, save_version, secure
from prompts.writing.labelling import approve, move, standing, whole
from tests.prompts.conftest import ADA, EVE, Save, person, wording

pytestmark = pytest.mark.django_db(transaction=True)

Work = Callable[[], object]


def at_once(*works: Work) -> list[object]:
    """What each came to, or the exception that ended it."""
    start = Barrier(len(works))

    def run(work: Work) -> object:
        try:
            connection.ensure_connection()
            start.wait()
            return work()
        except Exception as error:  # noqa: BLE001  # the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def test_versions_saved_at_once_get_a_number_each(greeting: Prompt) -> None:
    saved = at_once(*[partial(save_version, greeting, wording("Hello"), EVE)] * 4)

    assert sorted(made.number if isinstance(made, Version) else 0 for made in saved) == [1, 2, 3, 4]


def test_of_two_who_write_on_the_same_version_one_is_told(greeting: Prompt, save: Save) -> None:
    save()
    saved = at_once(*[partial(save_version, greeting, wording("Hello"), EVE, Origin(based_on=1))] * 2)

    assert sorted(type(made).__name__ for made in saved) == ["Conflict", "Version"]
    assert greeting.versions.count() == 2


def test_moves_made_at_once_are_one_history(greeting: Prompt, save: Save) -> None:
    for _ in range(4):
        save()
    at_once(*(partial(move, greeting, "draft", whole(to), EVE) for to in (1, 2, 3, 4)))
    lines = list(greeting.moves.order_by("id"))

    assert len(lines) == 4
    assert [line.before for line in lines[1:]] == [line.after for line in lines[:-1]]
    assert lines[-1].after == standing(greeting, "draft")


def test_an_agreement_and_another_wish_at_once_move_what_was_looked_at_or_nothing(greeting: Prompt, save: Save) -> None:
    for _ in range(6):
        save()
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    ada, bob = person("ada"), person("bob")
    for turn in range(5):
        looked_at = move(greeting, "production", whole(2 + turn), ada, reason="so")
        assert isinstance(looked_at, Proposal)
        made, _ = at_once(
            partial(approve, looked_at, bob),
            partial(move, greeting, "production", whole(1), ada, reason="rather"),
        )
        assert isinstance(made, LabelMove | Conflict)
        assert standing(greeting, "production") != whole(1)


def test_many_prompts_and_one_at_once_wait_for_nobody_who_waits_for_them(acme: Organisation) -> None:
    rows = [create(Details(name), ADA, acme) for name in ("first", "second")]
    for row in rows:
        for content in ("One", "Two"):
            save_version(row, wording(content), ADA)

    def bring(names: list[str], version: int) -> object:
        said = [{"name": name, "labels": {"draft": {"version": version}}} for name in names]
        return imported({"prompts": said}, Import(acme, EVE))

    for turn in range(40):
        version = 1 + turn % 2
        came = at_once(
            partial(bring, ["first", "second"], version),
            partial(bring, ["second", "first"], 3 - version),
            *(partial(move, row, "draft", whole(version), EVE) for row in rows),
        )
        assert [error for error in came if isinstance(error, Exception)] == []
