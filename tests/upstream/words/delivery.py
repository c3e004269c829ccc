"""Words about the socket: waiting, breaking off, dripping. They act in this order, whatever the name's."""

from __future__ import annotations

from tests.upstream.scene import Scene
from tests.upstream.script import Close, Hold, Pause, Reset, Send, Stall, Step
from tests.upstream.vocabulary import word

BREATH = 0.02
"""Seconds that a client needs to read what was sent before the connection dies under it."""


@word("gap-{time}", "delivery")
def gap(scene: Scene, time: float) -> None:
    """That pause before every word of a stream but the first."""
    spoken = [place for place, step in enumerate(scene.script) if isinstance(step, Send) and step.says]
    later = set(spoken[1:])
    scene.script = [
        s for place, step in enumerate(scene.script) for s in ([Pause(time), step] if place in later else [step])
    ]


@word("slow-first-{time}", "delivery")
def slow_first(scene: Scene, time: float) -> None:
    """That pause before the first byte."""
    scene.script = [Pause(time), *scene.script]


@word("slow-body-{time}", "delivery")
def slow_body(scene: Scene, time: float) -> None:
    """That pause between the headers and the body."""
    scene.script = [*scene.script[:1], Pause(time), *scene.script[1:]]


@word("gate", "delivery")
def gate(scene: Scene) -> None:
    """The first word, then nothing until `upstream.release()`, then the rest. Plain: half of the body first."""
    said, rest = _middle(scene)
    scene.script = [*said, Hold(), *rest]


@word("gate-first", "delivery")
def gate_first(scene: Scene) -> None:
    """Not a byte until `upstream.release()`."""
    scene.script = [Hold(), *scene.script]


@word("gate-body", "delivery")
def gate_body(scene: Scene) -> None:
    """The headers, then nothing until `upstream.release()`."""
    scene.script = [*scene.script[:1], Hold(), *scene.script[1:]]


@word("stall-first", "delivery")
def stall_first(scene: Scene) -> None:
    """Never a byte."""
    scene.script = [Stall()]


@word("stall-body", "delivery")
def stall_body(scene: Scene) -> None:
    """The headers, then never a byte."""
    scene.script = [*scene.script[:1], Stall()]


@word("stall-head", "delivery")
def stall_head(scene: Scene) -> None:
    """Half of the headers, then never a byte."""
    head = scene.script[0]
    scene.script = [*([Send(head.data[: len(head.data) // 2])] if isinstance(head, Send) else []), Stall()]


@word("stall-mid", "delivery")
def stall_mid(scene: Scene) -> None:
    """The first word, then never a byte. Plain: half of the body."""
    scene.script = [*_middle(scene)[0], Stall()]


@word("stall-chunk", "delivery")
def stall_chunk(scene: Scene) -> None:
    """The first word and half of the next chunk, then never a byte. Plain: half of the body."""
    scene.script = [*_half_said(scene), Stall()]


@word("reset-first", "delivery")
def reset_first(scene: Scene) -> None:
    """A TCP reset instead of an answer."""
    scene.script = [Reset()]


@word("reset-mid", "delivery")
def reset_mid(scene: Scene) -> None:
    """The first word, then a TCP reset. Plain: half of the body."""
    scene.script = [*_middle(scene)[0], Pause(BREATH), Reset()]


@word("fin-first", "delivery")
def fin_first(scene: Scene) -> None:
    """The connection is closed without an answer."""
    scene.script = [Close()]


@word("fin-mid", "delivery")
def fin_mid(scene: Scene) -> None:
    """The first word, then the connection is closed between two chunks. Plain: half of the body."""
    scene.script = [*_middle(scene)[0], Close()]


@word("cut", "delivery")
def cut(scene: Scene) -> None:
    """The first word, then half of the next chunk, and the connection is closed. Plain: half of the body."""
    scene.script = [*_half_said(scene), Close()]


@word("fin-after", "delivery")
def fin_after(scene: Scene) -> None:
    """The whole answer, then the connection is closed unannounced: it must not be used again."""
    scene.script = [*scene.script, Close(complete=True)]


@word("no-http", "delivery")
def no_http(scene: Scene) -> None:
    """What comes back is no HTTP at all, and the connection is closed."""
    scene.script = [Send(b"SSH-2.0-OpenSSH_9.2\r\n"), Close()]


@word("drip", "delivery")
def drip(scene: Scene) -> None:
    """Byte by byte, headers too."""
    drip_slowly(scene, 0.0)


@word("drip-{time}", "delivery")
def drip_slowly(scene: Scene, time: float) -> None:
    """Byte by byte, with that pause before each."""
    scene.script = [s for step in scene.script for s in _dripped(step, time)]


def _dripped(step: Step, time: float) -> list[Step]:
    if not isinstance(step, Send):
        return [step]
    return [s for byte in step.data for s in (Pause(time), Send(bytes([byte]), step.says))]


def _half_said(scene: Scene) -> list[Step]:
    said, rest = _middle(scene)
    following = next((step.data for step in rest if isinstance(step, Send)), b"")
    return [*said, Send(following[: len(following) // 2])] if scene.question.streamed else said


def _middle(scene: Scene) -> tuple[list[Step], list[Step]]:
    """What is sent until a fault in mid-answer strikes, and the rest."""
    if not scene.question.streamed:
        return _halves(scene.script)
    said = 0
    for place, step in enumerate(scene.script):
        said += isinstance(step, Send) and step.says
        if said == scene.middle:
            return scene.script[: place + 1], scene.script[place + 1 :]
    return scene.script[:-1], scene.script[-1:]


def _halves(script: list[Step]) -> tuple[list[Step], list[Step]]:
    for place, step in enumerate(script):
        if isinstance(step, Send) and step.says and len(step.data) > 1:
            half = len(step.data) // 2
            return [*script[:place], Send(step.data[:half])], [Send(step.data[half:]), *script[place + 1 :]]
    return script, []
