"""Words that answer with something else, and the headers that come with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

from tests.upstream.scene import Scene
from tests.upstream.script import Piece
from tests.upstream.vocabulary import word

HTML = b"<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>\n"
PLAIN_TEXT = "text/plain; charset=utf-8"
TEN_YEARS = 10 * 365 * 24 * 3600
BREATH = 0.002
"""Seconds between two writes that are to be two packets."""


def _refuse(scene: Scene, status: int, message: str, *, code: str | None = None) -> None:
    scene.reply.status = status
    scene.reply.body(scene.shape.error(status, message, code).text().encode(), "application/json")


@word("status-{code}", "reply")
def status(scene: Scene, code: int) -> None:
    """That status with the vendor's own error body."""
    _refuse(scene, code, f"The fake upstream answers {code}.")


@word("status-{code}-echo-key", "reply")
def echo_key(scene: Scene, code: int) -> None:
    """That status, and a message that repeats the whole vendor key."""
    _refuse(scene, code, f"Incorrect API key provided: {scene.question.key}.")


@word("status-{code}-echo-text", "reply")
def echo_text(scene: Scene, code: int) -> None:
    """That status, and a message that repeats the last thing the user said."""
    _refuse(scene, code, scene.question.text)


@word("context-length", "reply")
def context_length(scene: Scene) -> None:
    """400 `context_length_exceeded`."""
    _refuse(scene, 400, "This model's maximum context length is 8 tokens.", code="context_length_exceeded")


@word("content-filter", "reply")
def content_filter(scene: Scene) -> None:
    """400 `content_filter`, as Azure refuses a prompt."""
    _refuse(scene, 400, "The prompt triggered the content management policy.", code="content_filter")


@word("quota", "reply")
def quota(scene: Scene) -> None:
    """429 `insufficient_quota`."""
    _refuse(scene, 429, "You exceeded your current quota.", code="insufficient_quota")


@word("error-200", "reply")
def error_200(scene: Scene) -> None:
    """The vendor's error body in a 200, as JSON even where a stream was asked for."""
    _refuse(scene, 500, "The server had an error while processing your request.")
    scene.reply.status = 200


@word("detail", "reply")
def detail(scene: Scene) -> None:
    """With a status: the error body is `{"detail": "…"}`."""
    scene.reply.body(
        json.dumps({"detail": f"The fake upstream says {scene.reply.status}."}).encode(), "application/json"
    )


@word("error-text", "reply")
def error_text(scene: Scene) -> None:
    """With a status: the error body is `{"error": "…"}`."""
    scene.reply.body(
        json.dumps({"error": f"The fake upstream says {scene.reply.status}."}).encode(), "application/json"
    )


@word("plain-text", "reply")
def plain_text(scene: Scene) -> None:
    """With a status: the error body is a line of text."""
    scene.reply.body(f"The fake upstream says {scene.reply.status}.\n".encode(), PLAIN_TEXT)


@word("no-body", "reply")
def no_body(scene: Scene) -> None:
    """With a status: no body."""
    scene.reply.body(b"", "application/json")


@word("empty-200", "reply")
def empty_200(scene: Scene) -> None:
    """A 200 without a body, in a stream without an event."""
    scene.reply.pieces = []


@word("html-{code}", "reply")
def html(scene: Scene, code: int) -> None:
    """An HTML page with that status: `html-200`, `html-502`."""
    scene.reply.status = code
    scene.reply.body(HTML, "text/html; charset=utf-8")


@word("redirect-{code}", "reply")
def redirect(scene: Scene, code: int) -> None:
    """A redirect to another host (`localhost`), under `/redirected`: who follows it is answered 200, and counted."""
    scene.reply.status = code
    scene.reply.headers["location"] = f"{scene.question.root.replace('127.0.0.1', 'localhost')}/redirected"
    scene.reply.body(b"", PLAIN_TEXT)


@word("retry-after-{seconds}", "reply")
def retry_after(scene: Scene, seconds: str) -> None:
    """With a status: `retry-after` as it stands: `retry-after-2`, `retry-after-0.5`, `retry-after--5`."""
    scene.reply.headers["retry-after"] = seconds


@word("retry-after-ms-{n}", "reply")
def retry_after_ms(scene: Scene, n: int) -> None:
    """With a status: `retry-after-ms`."""
    scene.reply.headers["retry-after-ms"] = str(n)


@word("retry-after-date-{time}", "reply")
def retry_after_date(scene: Scene, time: float) -> None:
    """With a status: `retry-after` as an HTTP date so far ahead: `retry-after-date-30s`."""
    scene.reply.headers["retry-after"] = _date(time)


@word("retry-after-past", "reply")
def retry_after_past(scene: Scene) -> None:
    """With a status: `retry-after` as an HTTP date an hour ago."""
    scene.reply.headers["retry-after"] = _date(-3600)


@word("retry-after-ten-years", "reply")
def retry_after_ten_years(scene: Scene) -> None:
    """With a status: `retry-after` in seconds, ten years of them."""
    scene.reply.headers["retry-after"] = str(TEN_YEARS)


@word("retry-after-garbage", "reply")
def retry_after_garbage(scene: Scene) -> None:
    """With a status: `retry-after: soon, perhaps`."""
    scene.reply.headers["retry-after"] = "soon, perhaps"


@word("should-retry-{text}", "reply")
def should_retry(scene: Scene, text: str) -> None:
    """The header `x-should-retry: <text>`."""
    scene.reply.headers["x-should-retry"] = text


@word("huge-head", "reply")
def huge_head(scene: Scene) -> None:
    """A header of 64 KiB."""
    scene.reply.headers["x-huge"] = "x" * 65_536


@word("bad-gzip", "reply")
def bad_gzip(scene: Scene) -> None:
    """The body is said to be gzip, and is not."""
    scene.reply.headers["content-encoding"] = "gzip"


@word("one-write", "reply")
def one_write(scene: Scene) -> None:
    """The whole stream in one chunk and one write."""
    scene.reply.pieces = [Piece(b"".join(piece.data for piece in scene.reply.pieces), says=True)]


@word("no-blank-line", "reply")
def no_blank_line(scene: Scene) -> None:
    """The stream's last event lacks the blank line that ends it."""
    if scene.question.streamed and scene.reply.pieces:
        scene.reply.pieces[-1].data = scene.reply.pieces[-1].data.rstrip(b"\r\n")


@word("early-end", "reply")
def early_end(scene: Scene) -> None:
    """A clean end too early: after the first word, with neither finish reason nor end mark. Plain: half of the body,
    which ends with the connection."""
    pieces = scene.reply.pieces
    if scene.question.streamed:
        said = [place for place, piece in enumerate(pieces, start=1) if piece.says]
        scene.reply.pieces = pieces[: [0, *said][: scene.middle + 1][-1]]
    elif pieces:
        pieces[0].data = pieces[0].data[: len(pieces[0].data) // 2]
        scene.reply.framing = "close"


@word("utf8-split", "reply")
def utf8_split(scene: Scene) -> None:
    """Every letter of several bytes is torn apart between two chunks, writes and packets. Best with `foreign`."""
    scene.reply.pieces = [torn for piece in scene.reply.pieces for torn in _torn(piece)]
    scene.reply.breath = BREATH


@word("until-close", "reply")
def until_close(scene: Scene) -> None:
    """Neither a length nor chunks: the body ends with the connection."""
    scene.reply.framing = "close"


def _torn(piece: Piece) -> list[Piece]:
    """Cut before every byte that continues a letter."""
    cuts = [0, *(place for place, byte in enumerate(piece.data) if byte & 0xC0 == 0x80), len(piece.data)]
    return [Piece(piece.data[start:end], piece.says) for start, end in pairwise(cuts)]


def _date(ahead: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
