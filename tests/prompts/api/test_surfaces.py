"""A prompt is asked for by name on every surface: written out before anything else happens, and on the record."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import openai
import pytest
from websockets.asyncio.client import connect

from tests.prompts.api.house import GREETING, KEYS, MODEL, House

SAID = ["Be kind.", "Greet Ada."]
VARIABLES = {"customer": "Ada", "mood": "kind"}


def asked_last(house: House) -> Any:
    return house.asked()[-1]


def texts(body: Any) -> list[str]:
    return [message["content"] for message in body["messages"]]


def ours(name: str, **variables: Any) -> dict[str, Any]:
    return {"gatehouse": {"prompt": {"name": name, "variables": variables}}}


def by_native(house: House, name: str, variables: dict[str, Any]) -> str:
    answer = house.generate(name, variables=variables)
    assert answer.status_code in (200, 422), answer.text
    return answer.json()["error"]["param"] if answer.status_code == 422 else answer.headers["x-request-id"]


def by_openai(house: House, name: str, variables: dict[str, Any]) -> str:
    client = openai.OpenAI(base_url=f"{house.serving.url}/v1", api_key=KEYS["publisher"], max_retries=0)
    try:
        answer = client.chat.completions.create(model=MODEL, messages=[], extra_body=ours(name, **variables))
    except openai.BadRequestError as error:
        return str(error.param)
    return answer.id


def by_anthropic(house: House, name: str, variables: dict[str, Any]) -> str:
    client = anthropic.Anthropic(base_url=house.serving.url, api_key=KEYS["publisher"], max_retries=0)
    try:
        answer = client.messages.create(model=MODEL, max_tokens=50, messages=[], extra_body=ours(name, **variables))
    except anthropic.BadRequestError as error:
        body: Any = error.body
        return str(body["error"]["param"])
    return answer.id


def by_socket(house: House, name: str, variables: dict[str, Any]) -> str:
    async def ask() -> Any:
        url = f"{house.serving.url.replace('http', 'ws')}/ws/v1/generate/"
        async with connect(url, additional_headers={"authorization": f"Bearer {KEYS['publisher']}"}) as socket:
            request = {"prompt": {"name": name, "variables": variables}}
            await socket.send(json.dumps({"type": "generate", "id": "c1", "request": request}))
            while (told := json.loads(await socket.recv()))["type"] not in ("done", "error"):
                pass
            return told

    told = asyncio.run(ask())
    return str(told["error"]["param"] if told["type"] == "error" else told["response"]["id"])


WAYS = {"native": by_native, "openai": by_openai, "anthropic": by_anthropic, "socket": by_socket}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_writes_it_out_and_records_version_and_label(house: House, name: str, way: str) -> None:
    house.prompt(name, GREETING, GREETING)

    identity = WAYS[way](house, name, VARIABLES)

    assert texts(asked_last(house)) == SAID
    row = house.ask("GET", f"/api/v1/requests/{identity}/").json()
    assert row["metadata"]["prompt"] == {"name": name, "version": 2, "label": "production"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("variables", "tail"),
    [
        ({}, "customer"),
        ({"customer": 5}, "customer"),
        ({"customer": "a" * 21}, "customer"),
        ({"customer": "Ada", "mood": "rude"}, "mood"),
        ({"customer": "Ada", "stranger": 1}, "stranger"),
    ],
)
def test_a_wrong_variable_is_named_before_any_provider_is_asked(
    house: House, name: str, way: str, variables: dict[str, Any], tail: str
) -> None:
    house.prompt(name)
    before = len(house.asked())

    said = WAYS[way](house, name, variables)

    ours = "gatehouse." if way in ("openai", "anthropic") else ""
    assert said == f"{ours}prompt.variables.{tail}"
    assert len(house.asked()) == before


def test_a_refused_call_is_recorded_with_version_and_label(house: House, name: str) -> None:
    house.prompt(name, GREETING, GREETING)
    refused = house.generate(name, variables={})
    assert refused.status_code == 422
    assert house.record(refused)["metadata"]["prompt"] == {"name": name, "version": 2, "label": "production"}


def test_its_messages_come_first_and_its_options_hold_where_nothing_is_said(house: House, name: str) -> None:
    house.prompt(name)
    body = {
        "prompt": {"name": name, "variables": {"customer": "Ada"}},
        "messages": [{"role": "user", "content": "And then?"}],
        "options": {"max_tokens": 7},
    }
    assert house.ask("POST", "/api/v1/generate/", body).status_code == 200
    sent = asked_last(house)
    assert texts(sent) == ["Be terse.", "Greet Ada.", "And then?"]
    assert (sent["temperature"], sent["max_completion_tokens"]) == (0.25, 7)

    body["options"] = {"temperature": 1}
    assert house.ask("POST", "/api/v1/generate/", body).status_code == 200
    assert asked_last(house)["temperature"] == 1


def test_an_image_variable_travels_as_an_image(house: House, name: str) -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    house.prompt(
        name,
        {
            "messages": [{"role": "user", "content": "Look: {{ photo }} What is it?"}],
            "variables": [{"name": "photo", "type": "image"}],
            "model": MODEL,
        },
    )
    assert house.generate(name, variables={"photo": picture}).status_code == 200
    assert asked_last(house)["messages"][0]["content"] == [
        {"type": "text", "text": "Look: "},
        {"type": "image_url", "image_url": {"url": picture}},
        {"type": "text", "text": " What is it?"},
    ]


def test_a_response_schema_is_asked_of_the_vendor(house: House, name: str) -> None:
    shape = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    house.prompt(name, {**GREETING, "response_schema": shape})
    assert house.generate(name, variables={"customer": "Ada"}).status_code == 200
    assert asked_last(house)["response_format"]["json_schema"]["schema"] == shape


def test_a_pinned_version_is_asked_for_by_its_number(house: House, name: str) -> None:
    older = {**GREETING, "messages": [{"role": "user", "content": "Older {{ customer }} {{ mood }}"}]}
    house.prompt(name, older, GREETING)
    answer = house.generate(name, version=1, variables={"customer": "Ada"})
    assert texts(asked_last(house)) == ["Older Ada terse"]
    assert answer.json()["metadata"]["prompt"] == {"name": name, "version": 1, "label": None}


@pytest.mark.parametrize(
    ("asked", "status", "param"),
    [
        ({"version": 9}, 404, "prompt.version"),
        ({"label": "nope"}, 404, "prompt.label"),
        ({"label": "production", "version": 1}, 422, "prompt.version"),
    ],
)
def test_what_is_not_there_is_said_with_its_field(
    house: House, name: str, asked: dict[str, Any], status: int, param: str
) -> None:
    house.prompt(name)
    answer = house.generate(name, variables={"customer": "Ada"}, **asked)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


def test_a_split_gives_each_user_the_same_version_every_time(house: House, name: str) -> None:
    house.prompt(name, GREETING, GREETING)
    split = [{"version": 1, "weight": 1}, {"version": 2, "weight": 1}]
    moved = house.ask("PUT", f"/api/v1/prompts/{name}/labels/production/", {"split": split, "reason": "try"})
    assert moved.status_code == 200

    def version(user: str) -> int:
        body = {"prompt": {"name": name, "variables": {"customer": "Ada"}}, "metadata": {"user_id": user}}
        return int(house.ask("POST", "/api/v1/generate/", body).json()["metadata"]["prompt"]["version"])

    first = {f"user-{number}": version(f"user-{number}") for number in range(12)}
    assert set(first.values()) == {1, 2}
    assert first == {user: version(user) for user in first}


def test_tokens_of_a_prompt_are_counted_with_its_variables(house: House, name: str) -> None:
    house.prompt(name)
    client = anthropic.Anthropic(base_url=house.serving.url, api_key=KEYS["publisher"], max_retries=0)
    counts = [
        client.messages.count_tokens(model=MODEL, messages=[], extra_body=ours(name, customer=said)).input_tokens
        for said in ("A", "A long name it is")
    ]
    assert counts[0] < counts[1]


def test_asking_needs_no_right_to_read_prompts(house: House, name: str) -> None:
    house.prompt(name)
    assert house.generate(name, key="blind", variables={"customer": "Ada"}).status_code == 200
    assert house.ask("GET", f"/api/v1/prompts/{name}/", key="blind").status_code == 403
