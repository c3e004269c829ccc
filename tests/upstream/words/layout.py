"""Words about the writing of a stream that every vendor's shape may suffer."""

from __future__ import annotations

from tests.upstream.scene import Scene
from tests.upstream.sse import Frame
from tests.upstream.vocabulary import word


@word("crlf", "frames")
def crlf(scene: Scene) -> None:
    """The stream's lines end in CRLF."""
    scene.style.newline = "\r\n"


@word("comments", "frames")
def comments(scene: Scene) -> None:
    """A comment before every event of the stream."""
    scene.style.comments = True


@word("names", "frames")
def names(scene: Scene) -> None:
    """Every event of the stream has `event:` and `id:` lines."""
    scene.style.names = True


@word("multiline", "frames")
def multiline(scene: Scene) -> None:
    """The JSON of an event spans several `data:` lines."""
    scene.style.multiline = True


@word("no-space", "frames")
def no_space(scene: Scene) -> None:
    """No space after `data:`."""
    scene.style.space = ""


@word("error-frame", "frames")
def error_frame(scene: Scene) -> None:
    """After the first word a frame with an error, and the stream's clean end. Plain: the error in a 200."""
    error = scene.shape.error(500, "The server had an error while processing your request.")
    scene.frames = [*_until_middle(scene), error] if scene.question.streamed else [error]


@word("bad-json", "frames")
def bad_json(scene: Scene) -> None:
    """The JSON breaks off: in a stream that of the frame after the first word, and the stream goes on. Plain: that of
    the body."""
    place = len(_until_middle(scene)) if scene.question.streamed else 0
    text = scene.frames[place].text()
    scene.frames[place].payload = text[: len(text) // 2]


@word("empty-object", "frames")
def empty_object(scene: Scene) -> None:
    """`{}` in a 200, in a stream as its only event."""
    scene.frames = [Frame({})]


def _until_middle(scene: Scene) -> list[Frame]:
    """The frames up to the word where a fault strikes."""
    said = [place for place, frame in enumerate(scene.frames, start=1) if frame.says]
    return scene.frames[: [0, *said][: scene.middle + 1][-1]]
