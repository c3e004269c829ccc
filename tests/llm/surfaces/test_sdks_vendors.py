"""An application written for OpenAI or for Anthropic works unchanged whichever vendor answers: it hears the same, is
told of the same faults, and the vendor is asked once."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import EVERYWHERE, FAULTS, IN_TURNS, VENDORS
from tests.llm.surfaces.sdk import SIDES
from tests.llm.surfaces.speakers import PIXEL, SPEAKERS, Speaker

ASKED = [{"role": "user", "content": "Say it again"}]
PLAIN = EVERYWHERE[0]
SIGHTLESS = {"deepseek"}
"""Vendors that take no image."""
STOPS = {"openai": ("tool_calls", "stop"), "anthropic": ("tool_use", "end_turn")}
CLASSES: dict[str, dict[str, tuple[type[Exception], int]]] = {
    "openai": {
        "status-400": (openai.BadRequestError, 400),
        "status-401": (openai.InternalServerError, 502),
        "status-429+retry-after-7": (openai.RateLimitError, 429),
        "status-500": (openai.InternalServerError, 502),
        "status-529": (openai.InternalServerError, 503),
    },
    "anthropic": {
        "status-400": (anthropic.BadRequestError, 400),
        "status-401": (anthropic.InternalServerError, 502),
        "status-429+retry-after-7": (anthropic.RateLimitError, 429),
        "status-500": (anthropic.InternalServerError, 502),
        "status-529": (anthropic._exceptions.OverloadedError, 529),
    },
}
RETRY: dict[str, tuple[str | None, str | None]] = {
    "status-400": (None, "false"),
    "status-401": (None, "false"),
    "status-429+retry-after-7": ("7", None),
    "status-500": (None, None),
    "status-529": (None, None),
}
"""`retry-after` and `x-should-retry`: None leaves it to the SDK, which tries these again."""

every_vendor = pytest.mark.parametrize("kind", VENDORS)
either_way = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])


@pytest.fixture(scope="module")
def speakers(house: House) -> dict[tuple[str, str], Speaker]:
    return {(spoken, side): make(house, side) for spoken, make in SPEAKERS.items() for side in SIDES}


@pytest.fixture(params=SPEAKERS)
def spoken(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def speaker(speakers: dict[tuple[str, str], Speaker], spoken: str, side: str) -> Speaker:
    return speakers[spoken, side]


def sent(house: House, identity: str) -> Any:
    """The body of the only request at the vendor for one answer."""
    (found,) = [one for one in house.vendor.requests if one.id == identity]
    return found.json


@every_vendor
@either_way
def test_words_thought_and_usage_are_heard(house: House, speaker: Speaker, kind: str, stream: bool) -> None:
    heard = speaker.hear(f"{kind}/{PLAIN}", ASKED, stream=stream)

    assert (heard.text, heard.thought, heard.calls) == ("Say it again", "Let me think.", [])
    assert heard.usage == (3, 1, 6, 3)
    assert sent(house, heard.id)


@every_vendor
@either_way
def test_a_tool_is_called_and_its_result_goes_back(
    house: House, speaker: Speaker, spoken: str, kind: str, stream: bool
) -> None:
    model = f"{kind}/{IN_TURNS}"

    first = speaker.hear(model, ASKED, stream=stream, tools=True)
    second = speaker.hear(model, [*ASKED, *speaker.results(first, "sunny in Rome")], stream=stream, tools=True)

    assert (first.text, first.thought, first.calls) == ("", "Let me think.", [("get_weather", {"city": "text"})])
    assert (second.text, second.calls) == ("Say it again", [])
    assert (first.stop, second.stop) == STOPS[spoken]
    assert "sunny in Rome" in str(sent(house, second.id))


@every_vendor
def test_an_image_is_shown_or_refused_as_a_bad_request(house: House, speaker: Speaker, spoken: str, kind: str) -> None:
    asked = [speaker.picture("What is this?")]
    if kind in SIGHTLESS:
        with pytest.raises(CLASSES[spoken]["status-400"][0]):
            speaker.hear(f"{kind}/{PLAIN}", asked)
        return

    heard = speaker.hear(f"{kind}/{PLAIN}", asked)

    assert heard.text == "What is this?"
    assert PIXEL in str(sent(house, heard.id))


@every_vendor
def test_a_conversation_may_go_on_at_another_vendor(house: House, speaker: Speaker, kind: str) -> None:
    """With thoughts and calls of the first that the second would not take as they are."""
    first = speaker.hear(f"{kind}/{IN_TURNS}", ASKED, tools=True)

    second = speaker.hear("claude", [*ASKED, *speaker.results(first, "sunny in Rome")], tools=True)

    assert second.text == "Say it again"
    assert "sunny in Rome" in str(sent(house, second.id))


@every_vendor
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_raised_as_its_class_and_the_vendor_asked_once(
    house: House, speaker: Speaker, spoken: str, side: str, kind: str, fault: str
) -> None:
    """The synchronous client asks for a whole answer, the other one for a stream."""
    before = house.vendor.models[fault]

    with pytest.raises((openai.APIStatusError, anthropic.APIStatusError)) as caught:
        speaker.hear(f"{kind}/{fault}", ASKED, stream=side == "async")

    error: Any = caught.value
    headers = error.response.headers
    assert (type(error), error.status_code) == CLASSES[spoken][fault]
    assert (headers.get("retry-after"), headers.get("x-should-retry")) == RETRY.get(fault, (None, None))
    assert error.request_id == headers["x-request-id"]
    assert f"sk-{kind}" not in error.response.text
    assert house.vendor.models[fault] == before + 1
