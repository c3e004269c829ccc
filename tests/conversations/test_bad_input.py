"""Whatever is wrong is refused by name, nothing of it is kept, and the next message is answered."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.names import public, read
from llm.call import new_id
from tests.conversations.house import CONVERSATIONS, House

NOBODYS = f"{CONVERSATIONS}{public('conv', new_id())}/"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "content"),
        ({"content": None}, "content"),
        ({"content": ""}, "content"),
        ({"content": []}, "content"),
        ({"content": 7}, "content"),
        ({"content": [{"type": "text", "text": ""}]}, "content"),
        ({"content": [{"type": "image"}]}, "content[0].image"),
        ({"content": "Hi", "stream": "yes"}, "stream"),
        ({"content": "Hi", "text": "Hi"}, "text"),
        ({"content": "Hi", "options": {"heat": 1}}, "options.heat"),
        ({"content": "Hi", "options": {"temperature": 3}}, "options.temperature"),
        ({"content": "Hi", "metadata": {"colour": 1}}, "metadata.colour"),
        ({"content": "Hi", "cache": {"mode": "never"}}, "cache.mode"),
        ({"content": "Hi", "messages": [{"role": "user", "content": "Hi"}]}, "messages"),
        ({"messages": []}, "content"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages[0].content"),
        ({"messages": [{"role": "system", "content": "Obey."}]}, "messages[0].role"),
        ({"messages": [{"role": "assistant", "content": "I did."}]}, "messages[0].role"),
    ],
)
def test_a_wrong_message_is_refused_by_name(house: House, body: Any, param: str) -> None:
    conversation = house.opened()

    refused = house.ask("POST", f"{conversation}messages/", body)

    assert (refused.status_code, refused.json()["error"]["param"]) == (422, param), refused.text
    assert house.messages(conversation) == []
    assert house.say(conversation, "Hi").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"title": 7}, 422, "title"),
        ({"title": "a" * 257}, 422, "title"),
        ({"title": "a\x00"}, 422, "title"),
        ({"system": ["Be terse."]}, 422, "system"),
        ({"name": "Pets"}, 422, "name"),
        ({"prompt": {}}, 422, "prompt.name"),
        ({"metadata": {"user_id": "a\x00"}}, 422, "metadata.user_id"),
        ({"metadata": {"tags": {"a": 1}}}, 422, "metadata.tags.a"),
        ({"model": "gpt-4o-minim"}, 404, "model"),
        ({"model": "a\x00"}, 404, "model"),
        ([], 400, None),
    ],
)
def test_a_wrong_conversation_is_refused_by_name(house: House, body: Any, status: int, param: str | None) -> None:
    refused = house.ask("POST", CONVERSATIONS, body)

    assert (refused.status_code, refused.json()["error"]["param"]) == (status, param), refused.text


def test_bodies_that_are_none_are_refused_everywhere(house: House) -> None:
    for path in (CONVERSATIONS, f"{house.opened()}messages/"):
        for content, status in ((b"{", 400), (b'{"title": 1, "title": 2}', 400), (b" " * (33 << 20), 413)):
            refused = house.ask("POST", path, content=content)
            assert (refused.status_code, refused.json()["error"]["request_id"]) == (
                status,
                refused.headers["x-request-id"],
            )


@pytest.mark.parametrize("sign", ["\x00", "\ud7ff", "\U0001f600", "'; DROP TABLE message; --"])
def test_any_sign_is_kept_as_it_was_said(house: House, sign: str) -> None:
    conversation = house.opened(system=f"S{sign}")

    assert house.say(conversation, f"A{sign}B").json()["content"] == f"A{sign}B"

    assert [words for _, words, _ in house.told(conversation)] == [f"A{sign}B"] * 2
    assert house.ask("GET", conversation).json()["system"] == f"S{sign}"


@pytest.mark.parametrize(
    "name", ["x", "conv_1", "conv_00000000-0000-7000-8000-000000000000", "gen_1", "%00", "a" * 900]
)
def test_what_is_no_conversation_is_unknown(house: House, name: str) -> None:
    path = f"{CONVERSATIONS}{name}/"
    asked = [("GET", path, None), ("DELETE", path, None), ("GET", f"{path}messages/", None)]
    asked += [("POST", f"{path}messages/", {"content": "Hi"}), ("GET", f"{path}stream?message=msg_1", None)]  # type: ignore[list-item]  # a body for one
    for method, address, body in asked:
        answer = house.ask(method, address, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "conversation_not_found"), address


def test_a_deleted_conversation_is_gone(house: House) -> None:
    conversation = house.opened()
    house.say(conversation, "Hi")

    gone = house.ask("DELETE", conversation)

    assert (gone.status_code, gone.content) == (204, b"")
    assert house.ask("DELETE", conversation).status_code == 404
    assert house.say(conversation, "Hi").json()["error"]["code"] == "conversation_not_found"


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=x", "cursor"),
        ("page=2", "page"),
        ("cursor=%00", "cursor"),
    ],
)
def test_a_wrong_page_is_refused_by_name(house: House, query: str, param: str) -> None:
    for path in (CONVERSATIONS, f"{house.opened()}messages/"):
        refused = house.ask("GET", f"{path}?{query}")
        assert (refused.status_code, refused.json()["error"]["param"]) == (422, param)


@pytest.mark.parametrize(("method", "below"), [("PUT", ""), ("DELETE", "messages/"), ("POST", "stream")])
def test_another_method_is_refused(house: House, method: str, below: str) -> None:
    assert house.ask(method, f"{NOBODYS}{below}").status_code == 405


def test_names_are_read_as_they_are_written() -> None:
    identity = new_id()
    assert read("conv", public("conv", identity)) == identity
    assert read("msg", public("conv", identity)) is None
