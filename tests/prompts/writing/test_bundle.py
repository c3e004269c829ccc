"""Many changes as one: the lock that all share is taken once, at the end, and a prompt costs a few queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from llm.errors import InvalidField
from llm.models import Organisation, RegistryStamp
from llm.types import JsonObject
from prompts.models import Prompt
from prompts.transfer import Import, imported
from prompts.transfer.folder import Folder, pull, push
from prompts.writing.bundle import bundled, held
from prompts.writing.editing import Details, create, describe
from tests.prompts.conftest import ADA

MOST_QUERIES = 26
"""For a prompt with two versions, two labels and an example; 69 when each was a change of its own."""


def prompt(number: int) -> JsonObject:
    versions = [{"version": at, "messages": [{"role": "user", "content": f"Say {at}"}]} for at in (1, 2)]
    return {
        "name": f"prompt-{number}",
        "versions": versions,
        "labels": {"production": {"version": 1}, "staging": {"version": 2}},
        "examples": [{"name": "one", "variables": {}}],
    }


def document(count: int) -> JsonObject:
    return {"prompts": [prompt(number) for number in range(count)]}


def written(queries: CaptureQueriesContext) -> list[str]:
    """The tables, in order."""
    said = [query["sql"].split('"') for query in queries.captured_queries]
    return [words[1] for words in said if words[0] in ("INSERT INTO ", "UPDATE ")]


def check_stamped_at_the_end(queries: CaptureQueriesContext) -> None:
    tables = written(queries)
    assert tables[-2:] == ["llm_registrystamp", "prompts_prompt"]
    assert tables.count("llm_registrystamp") == 1
    assert set(Prompt.objects.values_list("stamp", flat=True)) == {RegistryStamp.read().prompts}


def test_an_import_raises_the_stamp_once_and_last(acme: Organisation) -> None:
    with CaptureQueriesContext(connection) as queries:
        imported(document(3), Import(acme, ADA))
    check_stamped_at_the_end(queries)


def test_so_does_a_push_of_many_files(acme: Organisation, tmp_path: Path) -> None:
    imported(document(3), Import(acme, ADA))
    folder = Folder(tmp_path)
    assert len(list(pull(folder, Prompt.objects.all(), dry_run=False))) == 3
    Prompt.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        push(folder, folder.names(), Import(acme, ADA))
    check_stamped_at_the_end(queries)


@pytest.mark.parametrize("way", ["import", "push"])
def test_a_dry_run_takes_the_lock_at_no_time(acme: Organisation, tmp_path: Path, way: str) -> None:
    imported(document(2), Import(acme, ADA))
    folder, dry = Folder(tmp_path), Import(acme, ADA, dry_run=True)
    list(pull(folder, Prompt.objects.all(), dry_run=False))
    Prompt.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        changes = imported(document(2), dry) if way == "import" else push(folder, folder.names(), dry)
    assert len(changes) == 2 * 6
    assert "llm_registrystamp" not in written(queries)
    assert not Prompt.objects.exists()


def test_a_prompt_costs_a_few_queries(acme: Organisation) -> None:
    counts = []
    for count in (2, 12):
        Prompt.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            imported(document(count), Import(acme, ADA))
        counts.append(len(queries))
    assert (counts[1] - counts[0]) / 10 <= MOST_QUERIES


def test_a_row_is_held_once_and_seen_as_it_has_become(greeting: Prompt) -> None:
    with bundled():
        describe(greeting, Details("greeting", "Warm"), ADA)
        with CaptureQueriesContext(connection) as queries:
            row = held(greeting)
    assert (row.description, len(queries)) == ("Warm", 0)
    assert held(greeting) is not row


def test_what_fails_fails_all_of_it_and_the_next_change_stands_alone(acme: Organisation) -> None:
    before = RegistryStamp.read()

    def fail(**more: Any) -> None:
        with bundled():
            create(Details("good"), ADA, acme)
            create(Details("good", **more), ADA, acme)

    with pytest.raises(InvalidField):
        fail()
    assert not Prompt.objects.exists()
    assert RegistryStamp.read() == before
    assert create(Details("other"), ADA, acme).stamp == RegistryStamp.read().prompts
