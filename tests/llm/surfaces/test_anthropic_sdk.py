"""What an application that was written for Anthropic relies on, held by the SDK it is written with: whoever the vendor
behind is, one that speaks its dialect (names that begin with native-) or OpenAI's."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.llm.surfaces.claude import ASKED, WEATHER, Claude, claude_with, text_of
from tests.llm.surfaces.house import House
from tests.upstream.shapes.anthropic import SIGNATURE
from tests.upstream.words.anthropic import CITATION, FOUND, SEARCH

EITHER = pytest.mark.parametrize("behind", ["native-", ""], ids=["anthropic", "openai"])
ALL_BLOCKS = "native-reasoning+redacted+searched+text-and-tool+cited"


@pytest.fixture
def claude(house: House, side: str) -> Claude:
    return claude_with("main", house, side)


class TestPlain:
    @pytest.mark.parametrize("model", ["claude", "gpt-4o-mini"])
    def test_an_answer_is_whole(self, claude: Claude, model: str) -> None:
        answer = claude.create(model=model, messages=ASKED)

        assert (answer.type, answer.role) == ("message", "assistant")
        assert answer.model == {"claude": "claude-haiku-4-5"}.get(model, model)
        assert answer.id.startswith("gen_")
        assert [(block.type, block.text) for block in answer.content] == [("text", "Say it again")]
        assert (answer.stop_reason, answer.stop_sequence) == ("end_turn", None)
        assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 3)

    @pytest.mark.parametrize("model", ["claude", "gpt-4o-mini"])
    def test_an_answer_ends_at_its_bound(self, claude: Claude, model: str) -> None:
        answer = claude.create(model=model, messages=ASKED, max_tokens=2)

        assert (answer.stop_reason, answer.content[0].text) == ("max_tokens", "Say it")

    @EITHER
    def test_thought_comes_first(self, claude: Claude, behind: str) -> None:
        thought, said = claude.create(model=f"{behind}reasoning", messages=ASKED).content

        assert (thought.type, thought.thinking) == ("thinking", "Let me think.")
        assert thought.signature == (SIGNATURE if behind else "")
        assert said.text == "Say it again"

    @EITHER
    def test_a_refusal(self, claude: Claude, behind: str) -> None:
        answer = claude.create(model=f"{behind}refusal", messages=ASKED)

        assert (answer.stop_reason, answer.content) == ("refusal", [])
        assert answer.stop_details.explanation == "I cannot help with that."

    @EITHER
    def test_no_words_are_an_answer_too(self, claude: Claude, behind: str) -> None:
        answer = claude.create(model=f"{behind}silent", messages=ASKED)

        assert (answer.stop_reason, answer.content) == ("end_turn", [])

    def test_usage_tells_the_cache_apart(self, claude: Claude) -> None:
        native = claude.create(model="native-cached+written-4+written-hour-6", messages=ASKED).usage
        other = claude.create(model="cached", messages=ASKED).usage

        assert (native.input_tokens, native.cache_read_input_tokens, native.cache_creation_input_tokens) == (2, 1, 10)
        split = native.cache_creation
        assert (split.ephemeral_5m_input_tokens, split.ephemeral_1h_input_tokens) == (4, 6)
        assert native.service_tier == "standard"
        assert (other.input_tokens, other.cache_read_input_tokens, other.cache_creation_input_tokens) == (2, 1, 0)

    def test_a_stop_sequence_is_told(self, claude: Claude) -> None:
        answer = claude.create(model="native-stopped-at-END", messages=ASKED, stop_sequences=["END"])

        assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", "END")

    def test_blocks_of_the_vendors_own_come_as_they_are(self, claude: Claude) -> None:
        answer = claude.create(model=ALL_BLOCKS, messages=ASKED, tools=[WEATHER])

        told = [block.to_dict() for block in answer.content]
        assert [block["type"] for block in told] == [
            *("thinking", "redacted_thinking", "server_tool_use", "web_search_tool_result", "text", "tool_use")
        ]
        assert (told[2], told[3]) == (SEARCH, FOUND)
        assert told[4] == {"type": "text", "text": "Say it again", "citations": [CITATION]}


class TestStreamed:
    @pytest.mark.parametrize("model", ["claude", "gpt-4o-mini"])
    def test_events_follow_the_grammar(self, claude: Claude, model: str) -> None:
        events = claude.events(model=model, messages=ASKED)

        assert [event.type for event in events] == [
            "message_start",
            "content_block_start",
            *["content_block_delta"] * 3,
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        assert text_of(events) == "Say it again"
        assert (events[0].message.content, events[0].message.stop_reason) == ([], None)
        assert events[-2].delta.stop_reason == "end_turn"
        assert (events[-2].usage.input_tokens, events[-2].usage.output_tokens) == (3, 3)

    def test_a_native_prompt_is_counted_from_the_first_event_on(self, claude: Claude) -> None:
        events = claude.events(model="claude", messages=ASKED)

        assert events[0].message.usage.input_tokens == 3

    @pytest.mark.parametrize(
        "model",
        [
            *("claude", "gpt-4o-mini", "native-reasoning", "reasoning", "native-tools-3", "tools-3", "text-and-tool"),
            *("native-refusal", "refusal", "native-silent", "silent", "native-pings", "native-stopped-at-END"),
            *("native-cached+written-4+written-hour-6", ALL_BLOCKS, "foreign+utf8-split", "one-write", "words-20"),
        ],
    )
    def test_the_helper_makes_the_plain_answer_of_it(self, claude: Claude, model: str) -> None:
        plain = claude.create(model=model, messages=ASKED, tools=[WEATHER])
        _, streamed = claude.helped(model=model, messages=ASKED, tools=[WEATHER])

        ours = {"id": None}
        assert streamed.to_dict() | ours == plain.to_dict() | ours

    @pytest.mark.parametrize("model", [ALL_BLOCKS, "text-and-tool", "tools-3", "reasoning"])
    def test_blocks_come_one_after_the_other_and_deltas_fit_them(self, claude: Claude, model: str) -> None:
        events = claude.events(model=model, messages=ASKED, tools=[WEATHER])

        fits = {
            "text": {"text_delta", "citations_delta"},
            "thinking": {"thinking_delta", "signature_delta"},
            "tool_use": {"input_json_delta"},
            "server_tool_use": {"input_json_delta"},
        }
        open_block: Any = None
        index = -1
        for event in events:
            if event.type == "content_block_start":
                index += 1
                assert (open_block, event.index) == (None, index)
                open_block = event.content_block.type
            elif event.type == "content_block_delta":
                assert event.index == index
                assert event.delta.type in fits[open_block]
            elif event.type == "content_block_stop":
                assert (event.index, open_block is None) == (index, False)
                open_block = None
        assert open_block is None


class TestTools:
    @EITHER
    def test_a_call(self, claude: Claude, behind: str) -> None:
        model = "claude" if behind else "gpt-4o-mini"

        answer = claude.create(model=model, messages=ASKED, tools=[WEATHER], tool_choice={"type": "any"})

        (call,) = answer.content
        assert (answer.stop_reason, call.type, call.name) == ("tool_use", "tool_use", "get_weather")
        assert call.input == {"city": "text"}

    @EITHER
    def test_results_go_back(self, claude: Claude, behind: str) -> None:
        calls = claude.create(model=f"{behind}tools-3", messages=ASKED, tools=[WEATHER])
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": "sunny", "is_error": False}
            for call in calls.content
        ]

        answer = claude.create(
            model="claude" if behind else "gpt-4o-mini",
            messages=[
                *ASKED,
                {"role": "assistant", "content": calls.content},
                {"role": "user", "content": [*results, {"type": "text", "text": "And now?"}]},
            ],
            tools=[WEATHER],
        )

        assert answer.content[0].text == "And now?"

    def test_signed_thought_goes_back_as_it_came(self, house: House, claude: Claude) -> None:
        first = claude.create(model="native-reasoning+tool", messages=ASKED, tools=[WEATHER])
        thought, call = first.content
        result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "sunny"}]}

        claude.create(
            model="claude",
            messages=[
                *ASKED,
                {"role": "assistant", "content": first.content},
                {"role": "user", "content": [result]},
            ],
            tools=[WEATHER],
        )

        sent = house.vendor.requests[-1].json["messages"]
        assert sent[1]["content"][0] == thought.to_dict()
        assert sent[1]["content"][0]["signature"] == SIGNATURE
        assert sent[2]["content"] == [result]


class TestCounting:
    def test_the_vendor_counts_its_own_and_the_same_only_once(self, house: House, claude: Claude) -> None:
        before = house.vendor.paths["/v1/messages/count_tokens"]
        system = f"Be brief, {uuid4()}."

        assert [claude.count(model="claude", messages=ASKED, system=system) for _ in range(2)] == [6, 6]
        assert house.vendor.paths["/v1/messages/count_tokens"] == before + 1

    def test_for_any_other_we_do(self, claude: Claude) -> None:
        assert 3 <= claude.count(model="gpt-4o-mini", messages=ASKED) <= 20

    def test_and_where_the_vendor_cannot_at_present(self, claude: Claude) -> None:
        assert claude.count(model="native-status-529", messages=ASKED) > 0


class TestModels:
    def test_they_are_listed_as_anthropic_lists_its_own(self, claude: Claude) -> None:
        listed = {model.id: model for model in claude.models()}

        assert listed.keys() >= {"claude", "gpt-4o-mini"}
        told: Any = listed["claude"]
        assert (told.type, told.display_name, told.lifecycle) == ("model", "claude", "active")
        assert (told.max_input_tokens, told.max_tokens) == (200_000, 64_000)

    def test_one_is_found_by_its_alias(self, claude: Claude) -> None:
        assert claude.model("small").id == "gpt-4o-mini"
