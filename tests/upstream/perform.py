"""From a question to the steps on the socket: the four stages of a scene, each with its words."""

from __future__ import annotations

from tests.upstream.answers import Answer, Question, compose, settle
from tests.upstream.naming import Use
from tests.upstream.scene import Scene
from tests.upstream.script import Piece, Reply, Step, framed
from tests.upstream.shapes.shape import Shape
from tests.upstream.sse import Frame
from tests.upstream.vocabulary import Stage


def perform(question: Question, shape: Shape, uses: list[Use]) -> list[Step]:
    scene = _scene(question, shape, compose(question))
    _play(scene, "answer", uses)
    settle(scene.answer, question)
    scene.frames = shape.render(scene.answer, question)
    _play(scene, "frames", uses)
    return _deliver(scene, uses)


def present(frame: Frame, question: Question, shape: Shape, uses: list[Use], *, status: int = 200) -> list[Step]:
    """A frame that is no answer (a listing, an error), with what the words do to replies and their delivery."""
    scene = _scene(question, shape, Answer([], 0))
    scene.frames = [frame]
    scene.reply.status = status
    return _deliver(scene, uses)


def _scene(question: Question, shape: Shape, answer: Answer) -> Scene:
    return Scene(question=question, shape=shape, answer=answer, reply=Reply(200, shape.headers()))


def _deliver(scene: Scene, uses: list[Use]) -> list[Step]:
    _write(scene)
    _play(scene, "reply", uses)
    scene.script = framed(scene.reply)
    _play(scene, "delivery", uses)
    return scene.script


def _play(scene: Scene, stage: Stage, uses: list[Use]) -> None:
    for use in uses:
        if use.word.stage == stage:
            use(scene)


def _write(scene: Scene) -> None:
    if not scene.question.streamed:
        scene.reply.body("".join(frame.text() for frame in scene.frames).encode(), "application/json")
        return
    scene.reply.framing = "chunked"
    scene.reply.headers |= {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
    scene.reply.pieces = [
        Piece(scene.style.render(frame, number), frame.says) for number, frame in enumerate(scene.frames)
    ]
