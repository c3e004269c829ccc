"""What is sent twice under one Idempotency-Key is answered once: by the first, to its end, and the same for all."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.llm.processes.conftest import DISCREET, Doors, beside, started
from tests.llm.surfaces.house import ANTHROPIC, NATIVE, OPENAI, House, question
from tests.llm.surfaces.registry import KEYS
from tests.llm.surfaces.wire import read_until, request, send

REPLAYED = "idempotent-replayed"
SURFACES = (NATIVE, OPENAI, ANTHROPIC)
THREADS = 16


@contextmanager
def at_once() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as threads:
        yield threads


def name() -> str:
    return f"order-{uuid4()}"


def asked(text: str, model: str = "gpt-4o-mini", **more: Any) -> dict[str, Any]:
    return question(model, text, max_tokens=100, **more) if "options" not in more else question(model, text, **more)


def body_for(path: str, text: str, model: str = "gpt-4o-mini", **more: Any) -> dict[str, Any]:
    bound: dict[str, Any] = {"options": {"max_tokens": 100}} if path == NATIVE else {"max_tokens": 100}
    return question(model, text, **bound, **more)


def put(house: House, path: str, body: Any, key: str, **more: Any) -> httpx2.Response:
    return house.post(path, body, headers={"idempotency-key": key}, **more)


def count(house: House, text: str) -> int:
    """How often the vendor was asked this."""
    return sum(text.encode() in one.body for one in house.vendor.requests)


def rows(house: House, identity: str) -> list[dict[str, Any]]:
    return [row for row in house.serving.rows() if identity.removeprefix("gen_").replace("-", "") == digits(row["id"])]


def digits(identity: Any) -> str:
    return str(identity).replace("-", "")


@pytest.mark.parametrize("stream", [False, True], ids=["json", "sse"])
@pytest.mark.parametrize("path", SURFACES)
def test_twice_at_once_and_once_later_is_one_call(doors: Doors, path: str, stream: bool) -> None:
    """The vendor waits until both are there; the second may come to the other process."""
    text, key = f"How many are we, {uuid4()}?", name()
    body = body_for(path, text, "slow-first-200ms", stream=stream)
    before = len(doors.first.serving.rows())
    with at_once() as threads:
        meanwhile = list(threads.map(lambda house: put(house, path, body, key), doors.both * 2))
    later = [put(house, path, body, key) for house in doors.both]

    answers = [*meanwhile, *later]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["x-request-id"] for answer in answers}) == 1
    assert len({answer.headers["content-type"] for answer in answers}) == 1
    assert sorted(answer.headers.get(REPLAYED, "") for answer in answers) == ["", *["true"] * 5]
    assert [answer.headers[REPLAYED] for answer in later] == ["true", "true"]
    assert count(doors.first, text) == 1
    row = doors.first.row(answers[0].headers["x-request-id"])
    assert (row["status"], row["cost"] > 0) == ("ok", True)
    assert len(doors.first.serving.rows()) == before + 1


@pytest.mark.parametrize("stream", [False, True], ids=["json", "sse"])
@pytest.mark.parametrize("path", SURFACES)
def test_who_leaves_finds_the_answer_later(doors: Doors, path: str, stream: bool) -> None:
    text, key = f"Will you wait, {uuid4()}?", name()
    body = body_for(path, text, "gate", stream=stream)
    line = send(doors.first, request(path, *encoded(body, key)))
    doors.vendor.wait_for(lambda: count(doors.first, text) == 1)
    line.close()
    doors.vendor.release()
    answer = put(doors.second, path, body, key)
    doors.vendor.hold()

    assert (answer.status_code, answer.headers[REPLAYED]) == (200, "true")
    assert text.rpartition(" ")[2] in answer.text
    assert count(doors.first, text) == 1
    assert doors.first.row(answer.headers["x-request-id"])["status"] == "ok"


def encoded(body: Any, key: str) -> tuple[Any, ...]:
    raw = httpx2.Request("POST", "http://x", json=body).read()
    return raw, f"content-length: {len(raw)}", f"idempotency-key: {key}"


def test_who_leaves_a_line_behind_another_disturbs_nobody(doors: Doors) -> None:
    text, key = f"Is there a line, {uuid4()}?", name()
    body = body_for(NATIVE, text, "gate-first")
    with at_once() as threads:
        first = threads.submit(put, doors.first, NATIVE, body, key)
        doors.vendor.wait_for(lambda: count(doors.first, text) == 1)
        for house in doors.both * 3:
            send(house, request(NATIVE, *encoded(body, key))).close()
        last = [threads.submit(put, house, NATIVE, body, key) for house in doors.both]
        doors.vendor.release()
        answers = [one.result() for one in (first, *last)]
    doors.vendor.hold()

    assert len({answer.content for answer in answers}) == 1
    assert count(doors.first, text) == 1


@pytest.mark.parametrize(("path", "status"), [(NATIVE, 422), (OPENAI, 400), (ANTHROPIC, 400)])
def test_a_key_stands_for_one_request(doors: Doors, path: str, status: int) -> None:
    key = name()
    assert put(doors.first, path, body_for(path, "one thing"), key).status_code == 200
    refused = put(doors.second, path, body_for(path, "another"), key)

    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (status, "idempotency_key_reused", "Idempotency-Key")
    elsewhere = NATIVE if path != NATIVE else OPENAI
    assert put(doors.first, elsewhere, body_for(elsewhere, "one thing"), key).json()["error"]["code"] == error["code"]


def test_the_order_of_fields_is_no_difference(doors: Doors) -> None:
    key, body = name(), body_for(OPENAI, "in any order")
    first = put(doors.first, OPENAI, body, key)
    assert put(doors.second, OPENAI, dict(reversed(body.items())), key).content == first.content


def test_keys_of_other_callers_are_none_of_ours(doors: Doors) -> None:
    key, body = name(), body_for(NATIVE, "whose is it")
    first, other = (
        put(doors.first, NATIVE, body, key),
        put(
            doors.first,
            NATIVE,
            body,
            key,
        ),
    )
    stranger = doors.first.post(NATIVE, body, key="other", headers={"idempotency-key": key})
    assert first.json()["id"] == other.json()["id"] != stranger.json()["id"]


@pytest.mark.parametrize("stream", [False, True], ids=["json", "sse"])
def test_it_works_where_bodies_are_switched_off(doors: Doors, stream: bool) -> None:
    headers = {"authorization": f"Bearer {DISCREET}", "idempotency-key": name()}
    text = f"Forget me, {uuid4()}"
    first, second = (
        house.post(NATIVE, body_for(NATIVE, text, stream=stream), key=None, headers=headers) for house in doors.both
    )

    assert (first.status_code, first.content) == (200, second.content)
    assert second.headers[REPLAYED] == "true"
    assert count(doors.first, text) == 1
    identity = doors.first.row(first.headers["x-request-id"])["id"]
    assert digits(identity) not in [digits(row["id"]) for row in doors.first.serving.rows("analytics_requestbody")]


def test_users_of_one_key_have_names_of_their_own(doors: Doors) -> None:
    key, body = name(), body_for(NATIVE, "who am I")
    told = []
    for user in ("ada", "bea"):
        token = doors.first.post("/api/v1/client-tokens/", {"user_id": user}).json()["token"]
        told.append(
            doors.first.post(NATIVE, body, key=None, headers={"idempotency-key": key, "x-api-key": token}).json()["id"]
        )
    assert len(set(told)) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "caf\xe9"], ids=["empty", "long", "tab", "accent"])
@pytest.mark.parametrize("path", SURFACES)
def test_a_key_that_is_none_is_refused(doors: Doors, path: str, key: str) -> None:
    line = doors.first.post(path, body_for(path, "?"), headers={"idempotency-key": key.encode("latin1")})  # type: ignore[dict-item]  # bytes go out as they are
    assert 400 <= line.status_code < 500
    assert line.json()["error"]["param"] == "Idempotency-Key"


def test_a_key_of_255_characters_is_one(doors: Doors) -> None:
    key = f"{uuid4()} ".ljust(255, "~")
    assert put(doors.first, NATIVE, body_for(NATIVE, "long"), key).status_code == 200
    assert put(doors.second, NATIVE, body_for(NATIVE, "long"), key).headers[REPLAYED] == "true"


@pytest.mark.parametrize("stream", [False, True], ids=["json", "sse"])
@pytest.mark.parametrize("model", ["status-500", "status-400", "cut", "no-such-model"])
def test_what_failed_may_be_tried_anew(doors: Doors, model: str, stream: bool) -> None:
    text, key = f"Once more, {uuid4()}", name()
    body = body_for(OPENAI, text, model, stream=stream)
    first, second = (put(house, OPENAI, body, key) for house in doors.both)
    ids = {answer.headers["x-request-id"] for answer in (first, second)}
    assert len(ids) == 2
    assert REPLAYED not in second.headers
    assert count(doors.first, text) == (0 if model == "no-such-model" else 2)


def test_a_failed_call_makes_way_for_another_request(doors: Doors) -> None:
    key = name()
    assert put(doors.first, NATIVE, body_for(NATIVE, "?", "status-500"), key).status_code == 502
    assert put(doors.first, NATIVE, body_for(NATIVE, "!"), key).status_code == 200


def test_a_replay_uses_up_no_limit(doors: Doors) -> None:
    key = f"{uuid4()}"
    body = body_for(NATIVE, "limited")
    answers = [doors.first.post(NATIVE, body, key="limited", headers={"idempotency-key": key}) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {200}
    assert "x-ratelimit-remaining-requests" in answers[0].headers
    assert "x-ratelimit-remaining-requests" not in answers[1].headers


def test_a_cached_answer_is_one_too(doors: Doors) -> None:
    text, key = f"cached {uuid4()}", name()
    body = body_for(NATIVE, text, cache={"mode": "on"})
    doors.first.post(NATIVE, body)
    first, second = put(doors.first, NATIVE, body, key), put(doors.first, NATIVE, body, key)
    assert (first.headers["x-gatehouse-cache"], first.content) == ("hit", second.content)


def test_the_official_sdks_repeat_themselves(doors: Doors) -> None:
    key = name()
    asks: list[Any] = [{"role": "user", "content": f"Hello {uuid4()}"}]
    heard: list[Any] = []
    for house in doors.both:
        headers = {"Idempotency-Key": key}
        openai = OpenAI(base_url=f"{house.url}/v1", api_key=KEYS["main"], max_retries=0)
        whole = openai.chat.completions.create(model="gpt-4o-mini", messages=asks, extra_headers=headers)
        headers = {"Idempotency-Key": f"{key}-stream"}
        with openai.chat.completions.stream(model="gpt-4o-mini", messages=asks, extra_headers=headers) as stream:
            streamed = stream.get_final_completion()
        headers = {"Idempotency-Key": f"{key}-claude"}
        claude = Anthropic(base_url=house.url, api_key=KEYS["main"], max_retries=0)
        with claude.messages.stream(model="claude", messages=asks, max_tokens=50, extra_headers=headers) as told:
            message = told.get_final_message()
        heard.append((whole.to_dict(), streamed.to_dict(), message.to_dict()))
    assert heard[0] == heard[1]


@pytest.mark.alone
@pytest.mark.parametrize("stream", [False, True], ids=["json", "sse"])
def test_who_waits_behind_a_killed_process_takes_over(doors: Doors, stream: bool) -> None:
    """Within its lease and a look."""
    text, key = f"Who is left, {uuid4()}?", name()
    body = body_for(NATIVE, text, "gate-first", stream=stream)
    third = started(House(beside(doors.first.serving), doors.vendor, doors.first.client))
    with at_once() as threads:
        lost = threads.submit(put, third, NATIVE, body, key)
        doors.vendor.wait_for(lambda: count(third, text) == 1)
        waiting: list[Future[httpx2.Response]] = [threads.submit(put, house, NATIVE, body, key) for house in doors.both]
        third.serving.stop(signal.SIGKILL)
        with pytest.raises(httpx2.HTTPError):
            lost.result()
        doors.vendor.wait_for(lambda: count(third, text) == 2, 16)
        doors.vendor.release()
        answers = [one.result() for one in waiting]
    doors.vendor.hold()

    assert len({answer.content for answer in answers}) == 1
    assert sorted(answer.headers.get(REPLAYED, "") for answer in answers) == ["", "true"]
    assert count(third, text) == 2


def test_a_stream_is_heard_while_it_comes(doors: Doors) -> None:
    body, key = body_for(NATIVE, f"bit by bit {uuid4()}", "gate", stream=True), name()
    with send(doors.first, request(NATIVE, *encoded(body, key))) as line:
        read_until(line, b"event: chunk")
        doors.vendor.release()
        read_until(line, b"event: done")
    doors.vendor.hold()


def test_what_is_kept_is_sealed(doors: Doors) -> None:
    word = f"secret{uuid4().hex}"
    assert word in put(doors.first, NATIVE, body_for(NATIVE, word), name()).text
    kept = doors.first.serving.rows("llm_claim")[-1]
    assert word not in str({**kept, "answer": bytes(kept["answer"])})
