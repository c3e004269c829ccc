"""A conversation is its organisation's, and the lists tell of nothing else."""

from __future__ import annotations

import pytest

from tests.conversations.house import CONVERSATIONS, KEYS, ORIGIN, House


def names(house: House, query: str = "", *, key: str = "main") -> list[str]:
    answer = house.ask("GET", f"{CONVERSATIONS}{query}", key=key)
    assert answer.status_code == 200, answer.text
    return [f"{CONVERSATIONS}{row['id']}/" for row in answer.json()["results"]]


def test_a_new_conversation_is_as_it_was_wanted(house: House) -> None:
    said = {"title": "Pets", "system": "Be terse.", "model": "gpt-4o-mini", "metadata": {"user_id": "ada"}}

    made = house.ask("POST", CONVERSATIONS, said)

    assert made.status_code == 201
    wanted = {**said, "prompt": None, "metadata": made.json()["metadata"]}
    assert {name: made.json()[name] for name in wanted} == wanted
    assert made.json()["metadata"]["user_id"] == "ada"
    assert house.ask("GET", f"{CONVERSATIONS}{made.json()['id']}/").json() == made.json()


def test_anothers_conversation_is_as_unknown_as_one_that_never_was(house: House) -> None:
    conversation = house.opened()
    house.say(conversation, "Hi")
    message = house.messages(conversation)[0]["id"]

    for method, path in (
        ("GET", conversation),
        ("DELETE", conversation),
        ("GET", f"{conversation}messages/"),
        ("GET", f"{conversation}stream?message={message}"),
    ):
        assert house.ask(method, path, key="foreign").json()["error"]["code"] == "conversation_not_found"
    assert house.say(conversation, "Hi", key="foreign").status_code == 404
    assert conversation not in names(house, "?limit=1000", key="foreign")
    assert len(house.messages(conversation, key="colleague")) == 2


def test_a_message_for_another_user_finds_no_conversation(house: House) -> None:
    conversation = house.opened(metadata={"user_id": "ada"})

    assert house.say(conversation, "Hi", metadata={"user_id": "bob"}).status_code == 404
    assert house.say(conversation, "Hi", metadata={"user_id": "ada"}).status_code == 200


def test_the_books_know_the_conversation_and_its_user(house: House) -> None:
    conversation = house.opened(metadata={"user_id": "ada"})
    generation = house.say(conversation, "Hi").json()["id"]

    record = house.ask("GET", f"/api/v1/requests/{generation}/").json()

    assert record["user_id"] == "ada"
    assert f"{CONVERSATIONS}{record['session_id']}/" == conversation


def test_the_newest_come_first_page_by_page(house: House) -> None:
    made = [house.opened(metadata={"user_id": "pager"}) for _ in range(5)]

    found, query = [], "?limit=2&user_id=pager"
    for _ in range(3):
        answer = house.ask("GET", f"{CONVERSATIONS}{query}").json()
        found += [f"{CONVERSATIONS}{row['id']}/" for row in answer["results"]]
        query = f"?{(answer['next'] or '?').split('?')[1]}"

    assert found == made[::-1]
    assert answer["next"] is None


def test_messages_come_in_order_page_by_page(house: House) -> None:
    conversation = house.opened()
    for words in ("One", "Two"):
        house.say(conversation, words)

    first = house.ask("GET", f"{conversation}messages/?limit=3").json()
    second = house.client.get(first["next"], headers={"x-api-key": KEYS["main"]}).json()

    assert [row["content"] for row in first["results"] + second["results"]] == ["One", "One", "Two", "Two"]
    assert second["next"] is None


def test_an_organisation_that_keeps_no_messages_has_no_conversations(house: House) -> None:
    refused = house.ask("POST", CONVERSATIONS, {}, key="forgetful")

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "bodies_not_kept")
    assert names(house, key="forgetful") == []


@pytest.mark.parametrize(
    ("method", "below"),
    [("GET", ""), ("POST", ""), ("GET", "x/"), ("DELETE", "x/"), ("GET", "x/messages/"), ("POST", "x/messages/")],
)
def test_the_scope_of_generation_is_wanted(house: House, method: str, below: str) -> None:
    refused = house.ask(method, f"{CONVERSATIONS}{below}", {}, key="unscoped")

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")


def test_a_page_from_a_named_origin_may_read_the_answers(house: House) -> None:
    conversation = house.opened(key="browser")
    path = f"{conversation}messages/"
    answers = [house.ask("GET", each, key="browser", headers={"origin": ORIGIN}) for each in (conversation, path)]
    answers.append(house.ask("POST", path, {"content": "Hi"}, key="browser", headers={"origin": ORIGIN}))
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "x-gatehouse-message" in answer.headers["access-control-expose-headers"]
