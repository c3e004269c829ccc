"""Words for what the Anthropic shape alone can say."""

from __future__ import annotations

from tests.upstream.scene import Scene
from tests.upstream.sse import Frame
from tests.upstream.vocabulary import word

SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "the weather"}}
PAGE = {"type": "web_search_result", "url": "https://example.org/", "title": "Weather", "encrypted_content": "RW5j"}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [PAGE]}
CITATION = {
    "type": "web_search_result_location",
    "url": "https://example.org/",
    "title": "Weather",
    "encrypted_index": "SW5k",
    "cited_text": "It rains.",
}


@word("redacted", "answer")
def redacted(scene: Scene) -> None:
    """A block of redacted thinking before the words."""
    for choice in scene.answer.choices:
        choice.blocks.append({"type": "redacted_thinking", "data": "UmVkYWN0ZWQ="})


@word("searched", "answer")
def searched(scene: Scene) -> None:
    """A search by a tool of the vendor's own, and what it found, before the words."""
    for choice in scene.answer.choices:
        choice.blocks += [SEARCH, FOUND]


@word("cited", "answer")
def cited(scene: Scene) -> None:
    """The words carry a citation."""
    for choice in scene.answer.choices:
        choice.citations.append(CITATION)


@word("stopped-at-{text}", "answer")
def stopped_at(scene: Scene, text: str) -> None:
    """Ended by that stop sequence."""
    for choice in scene.answer.choices:
        choice.finish, choice.stopped_at = "stop_sequence", text


@word("written-{n}", "answer")
def written(scene: Scene, n: int) -> None:
    """`n` tokens beside the prompt were written to the cache, for five minutes."""
    scene.answer.written_tokens = n


@word("written-hour-{n}", "answer")
def written_hour(scene: Scene, n: int) -> None:
    """`n` tokens beside the prompt were written to the cache, for an hour."""
    scene.answer.hour_tokens = n


@word("pings", "frames")
def pings(scene: Scene) -> None:
    """A `ping` after every event of the stream but the last."""
    if scene.question.streamed:
        ping = Frame({"type": "ping"}, event="ping")
        scene.frames = [f for frame in scene.frames for f in (frame, ping)][:-1]


@word("overloaded-frame", "frames")
def overloaded_frame(scene: Scene) -> None:
    """A stream that ends with an `overloaded_error` before its first word. Plain: the error in a 200."""
    first = next((place for place, frame in enumerate(scene.frames) if frame.says), 0)
    error = scene.shape.error(529, "Overloaded")
    scene.frames = [*scene.frames[:first], error] if scene.question.streamed else [error]


@word("no-stop", "frames")
def no_stop(scene: Scene) -> None:
    """The stream ends without `message_stop`."""
    scene.frames = [frame for frame in scene.frames if frame.event != "message_stop"]


@word("begun-twice", "frames")
def begun_twice(scene: Scene) -> None:
    """`message_start` comes twice."""
    scene.frames = [f for frame in scene.frames for f in ([frame] * (2 if frame.event == "message_start" else 1))]


@word("no-credit", "reply")
def no_credit(scene: Scene) -> None:
    """Anthropic: an account without money, which it calls a bad request: 400."""
    error = scene.shape.error(400, "Your credit balance is too low to access the Anthropic API.")
    scene.reply.status = 400
    scene.reply.body(error.text().encode(), "application/json")
