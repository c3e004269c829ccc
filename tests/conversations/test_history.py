"""What goes along with the next question: whole turns from the newest backwards, as far as the window reaches."""

from __future__ import annotations

import pytest

from conversations.history import last_calls, replayable, shortened, turns
from llm.types import Message, Options, Part, Reasoning, Refusal, Request, Text, ToolCall
from tests.conversations.house import House

FRAME = 1


def weigh(request: Request) -> int:
    """A token a letter, and one around it all."""
    return FRAME + sum(len(part.text) for one in request.messages for part in one.parts if isinstance(part, Text))


def say(role: str, *parts: str | Part, **more: str) -> Message:
    return Message(role, [Text(part) if isinstance(part, str) else part for part in parts], **more)  # type: ignore[arg-type]  # roles are words here


CALL = ToolCall("c1", "f", "{}")
SYSTEM, A, B, C, D, E = (
    say("system", "SS"),
    say("user", "aaa"),
    say("assistant", "bbb"),
    say("user", "ccc"),
    say("assistant", "ddd"),
    say("user", "eee"),
)
TALK = [SYSTEM, A, B, C, D, E]
ALL = FRAME + 17


@pytest.mark.parametrize(
    ("window", "dropped"),
    [(ALL, 0), (ALL - 1, 2), (ALL - 6, 2), (ALL - 7, 4), (1, 4)],
)
def test_whole_turns_are_dropped_from_the_old_end_and_the_newest_stays(window: int, dropped: int) -> None:
    assert shortened(Request(TALK), window, weigh, said=5) == Request([SYSTEM, *TALK[1 + dropped :]])


def test_the_answers_bound_takes_its_part_of_the_window() -> None:
    asked = Request(TALK, options=Options(max_tokens=10))
    assert shortened(asked, ALL + 9, weigh, said=5).messages == [SYSTEM, *TALK[3:]]


def test_what_leads_counts_and_stays_whatever_its_roles() -> None:
    lead = [say("system", "s" * 5), say("user", "u" * 5), say("assistant", "a" * 5)]
    asked = Request([*lead, *TALK])

    assert shortened(asked, ALL + 15, weigh, said=5) == asked
    assert shortened(asked, ALL + 14, weigh, said=5).messages == [*lead, SYSTEM, *TALK[3:]]
    assert shortened(asked, 1, weigh, said=5).messages == [*lead, SYSTEM, E]


def test_a_result_never_stays_without_its_call() -> None:
    talk = [A, B, C, say("assistant", CALL), say("tool", "r" * 9, tool_call_id="c1")]

    assert turns(talk) == [[A, B], talk[2:]]
    assert shortened(Request(talk), 5, weigh, said=5).messages == talk[2:]


def test_what_stays_fits_wherever_it_can() -> None:
    for window in range(1, ALL + 1):
        kept = shortened(Request(TALK), window, weigh, said=5).messages
        assert weigh(Request(kept)) <= window or kept == [SYSTEM, E]


def test_empty_answers_thoughts_and_calls_without_results_are_not_told_again() -> None:
    told = replayable(
        [
            A,
            say("assistant", ""),
            C,
            say("assistant", Reasoning("Hm", "signed"), "Hello", CALL),
            E,
            say("assistant", Refusal("No."), ToolCall("c2", "f", "{")),
        ]
    )

    assert told == [A, C, say("assistant", "Hello"), E, say("assistant", Refusal("No."))]


def test_signed_thoughts_before_an_answered_call_are_told_again() -> None:
    signed, result = Reasoning("Hm", "signed"), say("tool", "4", tool_call_id="c1")

    told = replayable([A, say("assistant", signed, Reasoning("Aha"), CALL), result])

    assert told == [A, say("assistant", signed, CALL), result]


def test_results_may_follow_the_calls_of_the_newest_message_alone() -> None:
    assert last_calls([A, say("assistant", "Hm", CALL)]) == {"c1"}
    assert last_calls([A, say("assistant", CALL), C]) == last_calls([]) == set()


def test_over_the_window_the_oldest_are_left_out_and_the_answer_says_so(house: House) -> None:
    """`narrow` holds 200 tokens, 50 of them for the answer."""
    conversation = house.opened(model="narrow", system="Be terse.")
    for number in range(4):
        answer = house.say(conversation, f"{number} " + "word " * 30)
        assert answer.status_code == 200, answer.text

    warning = "The oldest 4 messages were left out: the model's window is full."
    assert answer.json()["metadata"]["warnings"] == [warning]
    assert answer.headers["x-gatehouse-warnings"] == warning
    assert [one["content"][:2] for one in house.sent()] == ["Be", "2 ", "2 ", "3 "]
    assert len(house.messages(conversation)) == 8


def test_a_prompts_messages_lead_and_take_their_part_of_the_window(house: House) -> None:
    """It names the model too, whose window counts."""
    house.bring(
        "pets",
        {
            "messages": [
                {"role": "system", "content": "Be {{ mood }}."},
                {"role": "user", "content": "pet " * 40},
                {"role": "assistant", "content": "Cat."},
            ],
            "variables": [{"name": "mood", "type": "string"}],
            "model": "narrow",
        },
    )
    conversation = house.opened(model=None, prompt={"name": "pets", "label": "draft", "variables": {"mood": "terse"}})
    for number in range(4):
        answer = house.say(conversation, f"{number} " + "word " * 30)
        assert answer.status_code == 200, answer.text

    assert answer.json()["metadata"]["warnings"] == ["The oldest 6 messages were left out: the model's window is full."]
    assert [one["content"][:4] for one in house.sent()] == ["Be t", "pet ", "Cat.", "3 wo"]


def test_a_message_too_long_for_the_window_alone_is_refused(house: House) -> None:
    conversation = house.opened(model="narrow")
    house.say(conversation, "Hi")

    refused = house.say(conversation, "word " * 300)

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "context_length_exceeded")
    assert len(house.messages(conversation)) == 2
