"""Examples run on versions: on real calls, on the books of the organisation, with the asker's name."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from llm import wiring
from llm.call import Caller
from llm.errors import Conflict, GoingAway, InvalidField, Unavailable
from llm.models import Organisation
from prompts.examples import runs, trying
from prompts.examples.runs import beats, begin, carried_out, check_asked, is_under_way, keep, paid_by, to_do
from prompts.models import Outcome, Prompt, Run
from prompts.writing.editing import archive
from prompts.writing.examples import Draft, save_example
from prompts.writing.greenness import not_green
from tests.llm.doubles import CALLER
from tests.prompts.conftest import ADA, Save
from tests.prompts.furnished import EDITOR, MANAGER, READER, limited, visiting
from tests.services import wait_until
from tests.serving import Serving

HERE = "/admin/prompts/prompt/{}/examples/"


@pytest.fixture(scope="module")
def editor(served: Serving) -> Iterator[httpx2.Client]:
    with visiting(served, EDITOR) as staff:
        yield staff


@pytest.fixture(scope="module")
def here(served: Serving) -> str:
    (row,) = [row for row in served.rows("prompts_prompt") if row["name"] == "farewell"]
    return HERE.format(row["id"])


def added(editor: httpx2.Client, here: str, name: str, *checks: dict[str, str]) -> httpx2.Response:
    fields = ("type", "said", "min", "max", "model")
    said = {field: [check.get(field, "") for check in checks] for field in fields}
    return editor.post(f"{here}add/", data={"name": name, "variable_customer": name, "expected": "", **said})


def ran(editor: httpx2.Client, served: Serving, here: str, **said: Any) -> tuple[str, list[dict[str, Any]]]:
    """The page of a run when it is over, and its results."""
    page = editor.post(f"{here}run/", data=said)
    found = re.search(r"/runs/(\d+)/", page.url.path)
    assert found is not None, page.text
    wait_until(lambda: 'data-state="running"' not in editor.get(page.url.path).text, seconds=30)
    results = [row for row in served.rows("prompts_result") if row["run_id"] == int(found[1])]
    return editor.get(page.url.path).text, results


def ids(served: Serving, name: str) -> list[int]:
    return [row["id"] for row in served.rows("prompts_example") if row["name"] == name]


def test_versions_are_told_apart_by_pass_and_fail_and_what_changed(
    editor: httpx2.Client, served: Serving, here: str
) -> None:
    added(editor, here, "Ada", {"type": "equals", "said": "Bye Ada"}, {"type": "max_length", "max": "20"})
    page, results = ran(editor, served, here, version=[1, 2], example=ids(served, "Ada"))

    assert {(row["version"], row["outcome"]) for row in results} == {(1, "pass"), (2, "fail")}
    (failed,) = [row for row in results if row["outcome"] == "fail"]
    assert json.loads(failed["failures"]) == ['equals: wanted "Bye Ada", got "Good bye Ada"']
    assert json.loads(failed["text"]) == "Good bye Ada"
    assert failed["cost"] > 0
    assert "<ins>Good bye</ins>" in page
    assert 'class="tag">changed' in page


def test_calls_are_recorded_under_the_askers_name(editor: httpx2.Client, served: Serving, here: str) -> None:
    added(editor, here, "Bo")
    _, (result,) = ran(editor, served, here, version=[1], example=ids(served, "Bo"))
    (row,) = [row for row in served.rows() if row["id"] == result["generation_id"]]
    (key,) = [key for key in served.rows("llm_apikey") if key["id"] == row["key_id"]]

    assert (row["user_id"], row["prompt"], row["prompt_version"], key["name"]) == (EDITOR, "farewell", 1, "playground")


def test_what_a_provider_fails_at_is_an_error_and_no_fail(editor: httpx2.Client, served: Serving, here: str) -> None:
    added(editor, here, "Cy", {"type": "contains", "said": "Bye"})
    page, (result,) = ran(editor, served, here, version=[3], example=ids(served, "Cy"))

    assert result["outcome"] == "error"
    assert "This echo always fails." in page


def test_what_a_limit_refuses_is_an_error_too(editor: httpx2.Client, served: Serving, here: str) -> None:
    added(editor, here, "Di")
    added(editor, here, "Ed")
    with limited(served, 1):
        _, results = ran(editor, served, here, version=[1], example=ids(served, "Di") + ids(served, "Ed"))

    assert "error" in {row["outcome"] for row in results}
    assert "fail" not in {row["outcome"] for row in results}


@pytest.mark.parametrize(("who", "status"), [(MANAGER, 403), (READER, 403)])
def test_who_may_not_spend_runs_nothing(served: Serving, here: str, who: str, status: int) -> None:
    before = len(served.rows("prompts_run"))
    with visiting(served, who) as staff:
        assert staff.get(here).status_code == status
        assert staff.post(f"{here}run/", data={"version": [1]}).status_code == status

    assert len(served.rows("prompts_run")) == before


@pytest.mark.parametrize("wanted", [[], ["x"], [99], [1, 1], [1, 2, 3, 3], ["1e3"]])
def test_a_run_of_nonsense_is_refused_in_words(editor: httpx2.Client, here: str, wanted: list[Any]) -> None:
    page = editor.post(f"{here}run/", data={"version": wanted})

    assert page.status_code == 200
    assert 'class="alert error' in page.text


@pytest.fixture
def tried(greeting: Prompt, save: Save) -> Prompt:
    save()
    save("Bye {{ customer }}")
    save_example(greeting, Draft("Ada", {"customer": "Ada"}))
    return greeting


def test_a_run_is_on_one_to_three_versions_of_all_examples(tried: Prompt) -> None:
    run = begin(tried, [2, 1], ADA)

    assert (run.versions, run.total, run.author, run.state) == ([2, 1], 2, "ada", "running")


@pytest.mark.parametrize("versions", [[], [1, 1], [3], [1, 2, 3, 4]])
def test_other_versions_are_refused(tried: Prompt, versions: list[int]) -> None:
    with pytest.raises(InvalidField) as refused:
        begin(tried, versions, ADA)

    assert refused.value.param == "versions"


def test_an_archived_prompt_and_one_without_examples_are_not_run(tried: Prompt) -> None:
    with pytest.raises(InvalidField, match="no such examples"):
        begin(tried, [1], ADA, [])
    archive(tried, ADA)
    with pytest.raises(InvalidField, match="archived"):
        begin(tried, [1], ADA)


def test_one_run_goes_on_at_a_time_unless_its_process_is_gone(tried: Prompt) -> None:
    run = begin(tried, [1], ADA)
    with pytest.raises(Conflict):
        begin(tried, [1], ADA)
    Run.objects.update(heard_at=timezone.now() - timedelta(seconds=61))
    run.refresh_from_db()

    assert not is_under_way(run)
    assert begin(tried, [1], ADA).pk != run.pk


@pytest.mark.django_db(transaction=True)
async def test_a_run_says_again_and_again_that_it_goes_on(tried: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "BEAT", 0.001)
    run = await sync_to_async(begin)(tried, [1], ADA)
    long_ago = timezone.now() - timedelta(minutes=14)
    await Run.objects.aupdate(created_at=long_ago, heard_at=long_ago)

    async def work() -> None:
        while not is_under_way(run):
            await run.arefresh_from_db()

    await carried_out(run.pk, work())
    assert (await Run.objects.aget()).state == "running"


@pytest.mark.django_db(transaction=True)
async def test_a_beat_that_is_missed_ends_nothing(tried: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "BEAT", 0.001)
    missed = asyncio.Event()

    def away(run: int) -> None:
        loop.call_soon_threadsafe(missed.set)
        raise Unavailable("The database is out of reach.")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(runs, "heard", away)
    beating = asyncio.create_task(beats(1))
    for _ in range(2):
        missed.clear()
        await missed.wait()
    assert not beating.done()
    beating.cancel()


def test_what_was_tried_before_a_change_says_nothing_of_what_stands_there_now(tried: Prompt) -> None:
    run = begin(tried, [1], ADA)
    _, (single,) = to_do(run.pk, None)
    save_example(tried, Draft("Ada", {"customer": "Ada"}, checks=[{"type": "contains", "value": "never"}]))
    keep(run.pk, single, (trying.Answer("Hello Ada"), Outcome.PASS, []))

    assert not run.results.exists()
    assert not_green(tried, 1) == ["Ada"]


def test_a_prompt_that_has_taken_the_name_answers_for_no_other(tried: Prompt, acme: Organisation) -> None:
    shared = Prompt.objects.create(name=tried.name, search="")
    wiring.catalog().prompts.renew()

    check_asked(tried, replace(CALLER, organisation_id=acme.pk))
    with pytest.raises(Conflict):
        check_asked(shared, replace(CALLER, organisation_id=acme.pk))


def test_a_shared_prompt_that_the_payer_has_an_own_of_is_not_run(tried: Prompt, acme: Organisation) -> None:
    shared = Prompt.objects.create(name=tried.name, search="")
    with pytest.raises(InvalidField) as refused:
        paid_by(shared, ADA, acme)

    assert refused.value.param == "organisation"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", [RuntimeError("a bug"), GoingAway()])
async def test_a_run_that_cannot_go_on_says_so(tried: Prompt, fault: Exception) -> None:
    async def work() -> None:
        raise fault

    run = await sync_to_async(begin)(tried, [1], ADA)
    await carried_out(run.pk, work())
    await run.arefresh_from_db()

    assert run.state == "failed"


@pytest.mark.django_db(transaction=True)
async def test_a_run_that_is_given_up_says_so(tried: Prompt) -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    run = await sync_to_async(begin)(tried, [1], ADA)
    task = asyncio.create_task(carried_out(run.pk, work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await run.arefresh_from_db()

    assert run.state == "failed"


@pytest.mark.parametrize(
    ("said", "failures"), [("PASS, it is friendly", []), ("FAIL: rude", ["graded: the grader: FAIL: rude"])]
)
async def test_a_grader_decides_by_its_first_word(
    monkeypatch: pytest.MonkeyPatch, said: str, failures: list[str]
) -> None:
    asked: list[Any] = []

    async def ask(body: Any, caller: Caller) -> trying.Answer:
        asked.append(body)
        return trying.Answer(said)

    monkeypatch.setattr(trying, "ask", ask)
    check = {"type": "graded", "question": "Is it friendly?", "model": "judge"}

    assert await trying.verdicts([check], "Hello", CALLER) == failures
    assert asked[0]["model"] == "judge"
    assert "Is it friendly?" in asked[0]["messages"][1]["content"]
    assert asked[0]["messages"][1]["content"].endswith("Hello")
