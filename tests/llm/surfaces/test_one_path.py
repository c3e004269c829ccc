"""However a request comes in, it takes one path: the same is sent, said, paid and written down."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from llm.dialects.anthropic.stops import FINISH
from tests.llm.surfaces.house import ANTHROPIC, NATIVE, OPENAI, House, frames, plain
from tests.llm.surfaces.talk import talking
from tests.llm.surfaces.worker import working

OVER_HTTP = {
    "native JSON": (NATIVE, False),
    "native SSE": (NATIVE, True),
    "OpenAI JSON": (OPENAI, False),
    "OpenAI SSE": (OPENAI, True),
    "Anthropic JSON": (ANTHROPIC, False),
    "Anthropic SSE": (ANTHROPIC, True),
}
OVER_SOCKET = "native socket"
IN_PYTHON = ("generate", "stream", "agenerate", "astream")
IN_A_WORKER = ("celery",)
WAYS = (*OVER_HTTP, OVER_SOCKET, *IN_PYTHON, *IN_A_WORKER)
MODELS = (
    "gpt-4o-mini",
    "no-such-model",
    "cached",
    "reasoning",
    "refusal",
    "silent",
    "text-and-tool",
    "tools-3",
    "usage-none",
    "words",
    "unpriced",
    "again",
    "two-doors",
    "falls-back",
    "status-400",
    "status-401-echo-key",
    "again-and-again",
    "narrow",
)
"""Those that are refused stand apart: of more than ten refusals in a second not each has a row of its own."""
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
OPTIONS: dict[str, Any] = {"temperature": 0.5, "max_tokens": 40, "top_k": 3, "stop": ["END"]}
"""Such as every dialect has a word for."""

DIFFERENT = {
    *("id", "created_at", "session_id", "upstream_id", "surface", "dialect", "streamed"),
    *("queue_ms", "first_token_ms", "latency_ms", "overhead_ms"),
}
TRIED = {"started_ms", "latency_ms", "upstream_id", "reason"}
"""Ids, times and the way itself, of calls and of their tries, whose reasons tell times too; all else is to be equal."""


@dataclass(slots=True)
class Ask:
    """One request that went one way: what came of it, in words that all ways share."""

    said: dict[str, Any]
    row: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    sent: list[Any] = field(default_factory=list)


def request(path: str, model: str, session: str) -> dict[str, Any]:
    text = "word " * 300 if model == "narrow" else "Say it again"
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": text}]}
    function = {"name": "get_weather", "parameters": SCHEMA}
    ours = {
        "context": {"assembled_context": "Be brief.", "sources": [{"id": "doc-1"}]},
        "metadata": {
            "session_id": session,
            "request_id": "mine-1",
            "user_id": "u-1",
            "purpose": "code",
            "priority": "high",
            "tags": {"team": "a"},
        },
    }
    if path == NATIVE:
        return body | ours | {"options": OPTIONS | {"tools": [function]}}
    if path == OPENAI:
        return body | OPTIONS | {"tools": [{"type": "function", "function": function}], "gatehouse": ours}
    options = {"stop_sequences" if name == "stop" else name: value for name, value in OPTIONS.items()}
    return body | options | {"tools": [{"name": "get_weather", "input_schema": SCHEMA}], "gatehouse": ours}


@pytest.fixture(scope="module")
def asks(house: House, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Ask]:
    """Everything asked every way, once."""
    sessions = {(model, way): f"{way} {model} {uuid4()}" for model in MODELS for way in WAYS}
    made = {}
    for model in MODELS:
        for way, (path, stream) in OVER_HTTP.items():
            body = request(path, model, sessions[model, way])
            answer = house.post(path, body | {"stream": stream})
            made[model, way] = Ask(heard(path, answer.text), sent=sent(house, answer.headers["x-request-id"]))
    made |= over_socket(house, sessions)
    made |= through_python(house, sessions, IN_PYTHON)
    results = {"CELERY_RESULT_BACKEND": f"file://{tmp_path_factory.mktemp('results')}"}
    with working(house.serving, **results):
        made |= through_python(house, sessions, IN_A_WORKER, **results)
    write_down(house, made, sessions)
    return made


def over_socket(house: House, sessions: dict[tuple[str, str], str]) -> dict[tuple[str, str], Ask]:
    """All at once, over one socket."""
    with talking(house) as talk:
        for model in MODELS:
            talk.say(type="generate", id=model, request=request(NATIVE, model, sessions[model, OVER_SOCKET]))
        heard = [message for _ in MODELS for message in talk.until("done", "error")]
    return {(model, OVER_SOCKET): outcome(house, [one for one in heard if one["id"] == model]) for model in MODELS}


def outcome(house: House, heard: list[dict[str, Any]]) -> Ask:
    *chunks, end = heard
    if end["type"] == "error":
        return Ask(error(end["error"]), sent=sent(house, end["error"]["request_id"]))
    return Ask(joined([*chunks, end["response"]]), sent=sent(house, end["generation_id"]))


def through_python(
    house: House, sessions: dict[tuple[str, str], str], ways: tuple[str, ...], **environment: str
) -> dict[tuple[str, str], Ask]:
    asked = [(model, way) for model in MODELS for way in ways]
    requests = [(way, request(NATIVE, model, sessions[model, way])) for model, way in asked]
    lines = house.python(requests, **environment)
    return {
        (model, way): Ask(error(told) if isinstance(told, dict) else joined(told), sent=sent(house, name_of(told)))
        for (model, way), told in zip(asked, lines, strict=True)
    }


def name_of(told: Any) -> str:
    return "" if isinstance(told, dict) else str(told[-1]["id"])


def sent(house: House, name: str) -> list[Any]:
    """What the vendor was asked, but for what streaming adds to it."""
    ours = [one.json for one in house.vendor.requests if one.id == name]
    return [{key: value for key, value in body.items() if not key.startswith("stream")} for body in ours]


def write_down(house: House, made: dict[tuple[str, str], Ask], sessions: dict[tuple[str, str], str]) -> None:
    """The books of each, by their sessions."""
    house.row_of(sessions[MODELS[-1], WAYS[-1]])
    rows = {row["session_id"]: plain(row) for row in house.serving.rows()}
    for key, ask in made.items():
        ask.row = rows[sessions[key]]
    bodies = {UUID(str(row["id"])): plain(row) for row in house.serving.rows("analytics_requestbody")}
    for ask in made.values():
        ask.body = bodies[UUID(str(ask.row["id"]))]


def heard(path: str, text: str) -> dict[str, Any]:
    """What a client heard, whole or in pieces."""
    told = [data for _, data in frames(text)] if text[:1] != "{" else [json.loads(text)]
    if "error" in told[0]:
        return error(told[0]["error"])
    if path == NATIVE:
        return joined(told)
    if path == ANTHROPIC:
        return joined_anthropic(told)
    return joined_openai([data for data in told if data != "[DONE]"])


def error(told: dict[str, Any]) -> dict[str, Any]:
    """Without its type, for which Anthropic has words of its own; ours are compared in the books."""
    return {"error": {name: told[name] for name in ("code", "message", "param")}}


def joined(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    """A native answer in words that all ways share; its chunks must say the same as its end."""
    *chunks, whole = pieces
    if chunks:
        assert "".join(chunk["delta"] for chunk in chunks) == whole["content"]
        assert "".join(chunk.get("reasoning_delta", "") for chunk in chunks) == (whole["reasoning"] or "")
    return {
        "text": whole["content"],
        "reasoning": whole["reasoning"] or "",
        "refusal": whole["refusal"] or "",
        "calls": [(call["name"], call["arguments"]) for call in whole["tool_calls"]],
        "finish": whole["finish_reason"],
    }


def joined_openai(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    choices = [piece["choices"][0] for piece in pieces]
    said = [choice.get("delta") or choice.get("message") or {} for choice in choices]
    calls: dict[int, list[str]] = {}
    for one in said:
        for place, call in enumerate(one.get("tool_calls") or ()):
            name, arguments = calls.setdefault(call.get("index", place), ["", ""])
            function = call["function"]
            calls[call.get("index", place)] = [name + function.get("name", ""), arguments + function["arguments"]]
    return {
        "text": "".join(one.get("content") or "" for one in said),
        "reasoning": "".join(one.get("reasoning_content") or "" for one in said),
        "refusal": "".join(one.get("refusal") or "" for one in said),
        "calls": [tuple(call) for _, call in sorted(calls.items())],
        "finish": choices[-1]["finish_reason"],
    }


def joined_anthropic(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    """A message, whole or made of its events."""
    whole = pieces[0] if len(pieces) == 1 else {"content": [], **pieces[-2]["delta"]}
    for piece in pieces[1:-2]:
        match piece:
            case {"content_block": block}:
                whole["content"].append(block)
            case {"delta": {"type": "input_json_delta", "partial_json": text}}:
                block = whole["content"][piece["index"]]
                block["input"] = (block["input"] or "") + text
            case {"delta": {"type": kind, **said}}:
                name = kind.removesuffix("_delta")
                whole["content"][piece["index"]][name] += said[name]
    blocks = [(block["type"], block) for block in whole["content"]]
    inputs = [(block["name"], block["input"]) for kind, block in blocks if kind == "tool_use"]
    refusal = (whole["stop_details"] or {}).get("explanation") or ""
    return {
        "text": "".join(block["text"] for kind, block in blocks if kind == "text"),
        "reasoning": "".join(block["thinking"] for kind, block in blocks if kind == "thinking"),
        "refusal": refusal,
        "calls": [(name, said if isinstance(said, str) else json.dumps(said)) for name, said in inputs],
        # Here a refusal is an end of its own kind, which elsewhere is one like any other.
        "finish": "stop" if refusal else FINISH[whole["stop_reason"]],
    }


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    tries = [{name: value for name, value in attempt.items() if name not in TRIED} for attempt in row["attempts"]]
    return {name: value for name, value in row.items() if name not in DIFFERENT} | {"attempts": tries}


every_way = pytest.mark.parametrize("way", WAYS[1:])
every_model = pytest.mark.parametrize("model", MODELS)


@every_model
@every_way
def test_the_same_is_said(asks: dict[tuple[str, str], Ask], model: str, way: str) -> None:
    assert asks[model, way].said == asks[model, WAYS[0]].said


@every_model
@every_way
def test_the_same_is_written_down(asks: dict[tuple[str, str], Ask], model: str, way: str) -> None:
    assert comparable(asks[model, way].row) == comparable(asks[model, WAYS[0]].row)


@every_model
@every_way
def test_the_same_words_are_kept(asks: dict[tuple[str, str], Ask], model: str, way: str) -> None:
    def kept(ask: Ask) -> Any:
        return [
            {name: value for name, value in choice.items() if name not in ("extra", "tool_calls")}
            for choice in (ask.body["answer"] or {"choices": []})["choices"]
        ]

    assert kept(asks[model, way]) == kept(asks[model, WAYS[0]])
    assert asks[model, way].body["request"]["messages"] == asks[model, WAYS[0]].body["request"]["messages"]


@every_way
@pytest.mark.parametrize("model", ["gpt-4o-mini", "text-and-tool", "again", "two-doors", "falls-back"])
def test_the_same_is_asked_of_the_vendor(asks: dict[tuple[str, str], Ask], model: str, way: str) -> None:
    assert asks[model, way].sent == asks[model, WAYS[0]].sent
    assert len(asks[model, way].sent) == len(asks[model, way].row["attempts"])


def test_each_row_tells_the_way(asks: dict[tuple[str, str], Ask]) -> None:
    told = [(row["surface"], row["dialect"], row["streamed"]) for row in (asks["gpt-4o-mini", way].row for way in WAYS)]

    assert told == [
        ("json", "native", False),
        ("sse", "native", True),
        ("json", "openai", False),
        ("sse", "openai", True),
        ("json", "anthropic", False),
        ("sse", "anthropic", True),
        ("websocket", "native", True),
        ("python", "native", False),
        ("python", "native", True),
        ("python", "native", False),
        ("python", "native", True),
        ("celery", "native", False),
    ]


def test_rows_hold_what_was_said_of_the_request(asks: dict[tuple[str, str], Ask]) -> None:
    """So that equal rows are not equally empty."""
    row = asks["gpt-4o-mini", "OpenAI SSE"].row

    assert (row["user_id"], row["request_id"], row["purpose"], row["priority"]) == ("u-1", "mine-1", "code", "high")
    assert (row["tags"], row["sources"], row["team"]) == ({"team": "a"}, [{"id": "doc-1"}], "web")
    assert (row["model"], row["provider"], row["finish_reason"]) == ("gpt-4o-mini", "fake", "stop")
    assert (row["prompt_tokens"], row["completion_tokens"], row["cost"]) == (5, 3, 5 * 150_000 + 3 * 600_000)
    assert row["warnings"] == ["top_k was dropped: fake does not take it"]
    assert row["price"]["input"] == 150_000
