"""One answer in the making, from what was asked to the steps on the socket."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.upstream.answers import Answer, Question
from tests.upstream.script import Reply, Step
from tests.upstream.shapes.shape import Shape
from tests.upstream.sse import Frame, Style


@dataclass(slots=True)
class Scene:
    """What the words change. `middle` is how many words go out before a fault in mid-answer strikes."""

    question: Question
    shape: Shape
    answer: Answer
    reply: Reply
    frames: list[Frame] = field(default_factory=list)
    style: Style = field(default_factory=Style)
    script: list[Step] = field(default_factory=list)
    middle: int = 1
