from __future__ import annotations

from typing import Any

import pytest

from analytics.record_page import transcript
from analytics.record_page.transcript import Block, Turn


def test_messages_keep_their_order_roles_and_white_space() -> None:
    request = {
        "messages": [{"role": "system", "content": "Be\n  terse."}, {"role": "user", "content": "Hi", "name": "a"}]
    }

    assert transcript.asked(request) == [
        Turn("system", [Block("text", "Be\n  terse.")]),
        Turn("user", [Block("text", "Hi")], "a"),
    ]


def test_an_answer_shows_reasoning_words_refusal_and_tool_calls() -> None:
    call = {"id": "call_1", "name": "f", "arguments": '{"city":"Paris"}'}
    choice = {"text": "Yes", "reasoning": "Hm", "refusal": "No", "tool_calls": [call], "finish_reason": "stop"}

    (turn,) = transcript.answered({"choices": [choice]})

    assert (turn.who, turn.note) == ("answer", "stop")
    assert turn.blocks == [
        Block("reasoning", "Hm"),
        Block("text", "Yes"),
        Block("refusal", "No"),
        Block("tool call", '{\n  "city": "Paris"\n}', "f call_1"),
    ]


def test_arguments_that_are_no_json_stay_as_the_model_wrote_them() -> None:
    assert transcript.arguments('{"city": ') == '{"city": '


def test_a_tools_message_says_which_call_it_answers() -> None:
    message = {"role": "tool", "content": "oh", "tool_call_id": "call_1", "is_error": True}

    assert transcript.message_turn(message).note == "call_1, an error"


def test_what_else_was_asked_is_shown_as_settings() -> None:
    turns = transcript.asked({"messages": [], "model": "m", "options": {"top_p": 1}})

    assert [turn.who for turn in turns] == ["settings"]
    assert '"top_p": 1' in turns[0].blocks[0].text


def test_media_are_told_by_their_beginning() -> None:
    (block,) = transcript.content([{"type": "image", "image": "data:image/png;base64," + "A" * 5000}])

    assert block.kind == "image"
    assert "5,022 characters" in block.text
    assert len(block.text) < 200


@pytest.mark.parametrize("value", ["a text", 5, [1], {"a": 1}, {"messages": 5}, {"messages": ["x", None, {}]}])
def test_a_request_that_is_none_of_ours_is_shown_as_it_is(value: Any) -> None:
    assert transcript.asked(value)


@pytest.mark.parametrize("value", ["a text", 5, {}, {"choices": 5}, {"choices": ["x", {}, {"tool_calls": ["y"]}]}])
def test_an_answer_that_is_none_of_ours_is_shown_as_it_is(value: Any) -> None:
    assert transcript.answered(value)


def test_nothing_kept_is_nothing_shown() -> None:
    assert transcript.asked(None) == transcript.answered(None) == []


def test_a_page_has_an_end() -> None:
    turns = transcript.cut([Turn("a", [Block("text", "x" * 8)]), Turn("b", [Block("text", "y" * 8)])], left=10)

    assert [block.text for turn in turns for block in turn.blocks] == ["x" * 8, "yy\n… and 6 characters more"]
