"""What of an OpenAI application's request reaches the vendor, and which models it is shown."""

from __future__ import annotations

from uuid import uuid4

import openai
import pytest

from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import KEYS
from tests.llm.surfaces.sdk import ASKED, WEATHER, Sdk, sdk_with

PIXEL = "data:image/png;base64,iVBORw0KGgo="


class TestUpstream:
    """What reaches the vendor."""

    def test_every_field_that_the_sdk_knows_arrives_as_it_was(self, house: House, sdk: Sdk) -> None:
        text = f"Unchanged, {uuid4()}"
        said = {
            "audio": {"format": "mp3", "voice": "alloy"},
            "frequency_penalty": 0.5,
            "logit_bias": {"50256": -100},
            "logprobs": True,
            "metadata": {"ticket": "7"},
            "modalities": ["text"],
            "n": 1,
            "parallel_tool_calls": False,
            "prediction": {"type": "content", "content": "Unchanged"},
            "presence_penalty": -0.5,
            "prompt_cache_key": "k",
            "prompt_cache_retention": "24h",
            "reasoning_effort": "low",
            "response_format": {"type": "json_object"},
            "safety_identifier": "s",
            "seed": 7,
            "service_tier": "flex",
            "stop": ["END"],
            "store": False,
            "temperature": 0.0,
            "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
            "tools": [WEATHER],
            "top_logprobs": 1,
            "top_p": 0.9,
            "user": "u-1",
            "verbosity": "low",
            "web_search_options": {"search_context_size": "low"},
        }

        sdk.create(model="gpt-4o-mini", messages=[{"role": "user", "content": text}], **said)

        sent = house.received(text).json
        assert {name: sent.get(name) for name in said} == said
        assert sent.keys() - said.keys() == {"model", "messages"}

    def test_what_nobody_knows_arrives_too(self, house: House, sdk: Sdk) -> None:
        text = f"Unheard of, {uuid4()}"
        unknown = {"top_k": 40, "guided": {"deep": [1, None, "x"]}, "min_p": 0.05, "flag": None}

        sdk.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": text, "mood": "good"}], extra_body=unknown
        )

        sent = house.received(text).json
        assert {name: sent.get(name) for name in ("guided", "min_p")} == {"guided": unknown["guided"], "min_p": 0.05}
        assert sent["messages"][0] == {"role": "user", "content": text, "mood": "good"}

    def test_what_the_vendor_is_not_told_is_named(self, house: House, sdk: Sdk) -> None:
        answer = sdk.raw(model="gpt-4o-mini", messages=ASKED, extra_body={"top_k": 40})

        assert answer.headers["x-gatehouse-warnings"] == "top_k was dropped: fake does not take it"

    def test_what_is_for_the_gateway_goes_no_further(self, house: House, sdk: Sdk) -> None:
        text = f"Between us, {uuid4()}"
        said = {"user_id": "u-3", "session_id": text, "tags": {"team": "a"}, "purpose": "code"}
        ours = {"metadata": said, "cache": {"mode": "off"}}

        sdk.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": text}],
            user="u-2",
            extra_body={"gatehouse": ours},
        )

        sent = house.received(text).json
        assert (sent.keys(), sent["user"]) == ({"model", "messages", "user"}, "u-2")
        row = house.row_of(text)
        assert (row["user_id"], row["tags"], row["purpose"]) == ("u-3", {"team": "a"}, "code")

    def test_images_go_on_as_they_are(self, house: House, sdk: Sdk) -> None:
        text = f"What is this, {uuid4()}?"
        parts = [
            {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://images.example/cat.png"}},
            {"type": "text", "text": text},
        ]

        answer = sdk.create(model="gpt-4o-mini", messages=[{"role": "user", "content": parts}])

        assert answer.choices[0].message.content == text
        assert house.vendor.requests[-1].json["messages"][0]["content"] == parts

    def test_usage_is_always_asked_for(self, house: House, sdk: Sdk) -> None:
        text = f"Count, {uuid4()}"

        sdk.chunks(model="gpt-4o-mini", messages=[{"role": "user", "content": text}])

        assert house.received(text).json["stream_options"] == {"include_usage": True}

    def test_the_vendor_is_told_our_id_and_never_our_key(self, house: House, sdk: Sdk) -> None:
        text = f"Who am I, {uuid4()}?"

        answer = sdk.create(model="gpt-4o-mini", messages=[{"role": "user", "content": text}])

        received = house.received(text)
        assert received.id == answer.id
        assert received.key == "sk-fake"
        assert KEYS["main"] not in str(received.headers)


class TestModels:
    def test_they_are_listed_by_their_public_names(self, sdk: Sdk) -> None:
        listed = {model.id: model for model in sdk.models()}

        assert listed.keys() >= {"gpt-4o-mini", "words", "falls-back"}
        assert "small" not in listed
        assert (listed["gpt-4o-mini"].object, listed["words"].owned_by) == ("model", "echo")

    def test_a_key_sees_those_it_may_use(self, house: House, side: str) -> None:
        listed = {model.id for model in sdk_with("picky", house, side).models()}

        assert listed == {"gpt-4o-mini", "gpt-4o-mini+dated", "words-20"}

    def test_one_is_found_under_its_name_and_its_alias(self, sdk: Sdk) -> None:
        assert [sdk.model(name).id for name in ("gpt-4o-mini", "small")] == ["gpt-4o-mini", "gpt-4o-mini"]

    def test_one_that_this_key_may_not_use_is_not_there(self, house: House, side: str) -> None:
        with pytest.raises(openai.NotFoundError):
            sdk_with("picky", house, side).model("reasoning")
