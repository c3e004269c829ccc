"""What a request must look like for Gemini to take it, what it says, and how Gemini signs what it thought."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import shake_256
from typing import Any

from tests.upstream.answers import JsonObject, Tool, split_words

FIELDS = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent"}
CONFIG = {
    *("temperature", "topP", "topK", "maxOutputTokens", "stopSequences", "seed", "candidateCount"),
    *("presencePenalty", "frequencyPenalty", "responseMimeType", "responseJsonSchema", "responseSchema"),
    *("thinkingConfig", "responseModalities", "responseLogprobs", "logprobs"),
}
KINDS = {"text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"}
SIGNATURE = 300
"""Bytes of a signature."""
UNCHECKED = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
"""What the vendor takes for a call that another model made."""


def signature(said: Any) -> str:
    """The only one that this vendor will take back beside what it said."""
    return b64encode(shake_256(json.dumps(said, sort_keys=True).encode()).digest(SIGNATURE)).decode()


def complaint(body: Any, *, demanding: bool) -> str | None:
    """What Gemini would refuse with a 400; None where all is well. A `demanding` model wants its calls signed."""
    if not isinstance(body, dict):
        return "Invalid JSON payload received."
    config = body.get("generationConfig") or {}
    for given, known, place in ((body, FIELDS, ""), (config, CONFIG, " at 'generation_config'")):
        if unknown := given.keys() - known:
            return f'Invalid JSON payload received. Unknown name "{min(unknown)}"{place}: Cannot find field.'
    if len(config.get("stopSequences") or ()) > 5:
        return "The number of stop_sequences must be at most 5."
    if not -(2**31) <= (config.get("seed") or 0) < 2**31:
        return "Invalid value at 'generation_config.seed' (TYPE_INT32)."
    if {"thinkingBudget", "thinkingLevel"} <= (config.get("thinkingConfig") or {}).keys():
        return "You can only set only one of thinking budget and thinking level."
    return _wrong_contents(body.get("contents")) or _wrong_signature(body["contents"], demanding)


def _wrong_contents(contents: Any) -> str | None:
    if not isinstance(contents, list) or not contents:
        return "* GenerateContentRequest.contents: contents is not specified"
    awaited = 0
    for number, content in enumerate(contents):
        if content.get("role", "user") not in ("user", "model"):
            return "Please use a valid role: user, model."
        parts = content.get("parts")
        if not parts or any(len(part.keys() & KINDS) != 1 for part in parts):
            return f"contents[{number}].parts: required oneof field 'data' must have one initialized field"
        if any(not isinstance(p["functionResponse"]["response"], dict) for p in parts if "functionResponse" in p):
            return f"Invalid value at 'contents[{number}].parts.function_response.response' (Struct)."
        if awaited != sum("functionResponse" in part for part in parts):
            return (
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        awaited = sum("functionCall" in part for part in parts)
    return None


def _wrong_signature(contents: list[JsonObject], demanding: bool) -> str | None:
    """A signature is checked wherever it stands; one is missed on the first call of each step of the current turn."""
    turns = [place for place, content in enumerate(contents) if content.get("role") != "model" and _speaks(content)]
    for place, content in enumerate(contents):
        if content.get("role") != "model":
            continue
        calls = [part for part in content["parts"] if "functionCall" in part]
        for part in content["parts"]:
            said, given = part.get("functionCall", part.get("text")), part.get("thoughtSignature")
            if given is not None and given not in UNCHECKED and given != signature(_signed(said)):
                return "Corrupted thought signature."
        if demanding and calls and place > turns[-1] and "thoughtSignature" not in calls[0]:
            name = calls[0]["functionCall"]["name"]
            return f"Function call is missing a thought_signature in functionCall parts. Function call `{name}`."
    return None


def _signed(said: Any) -> Any:
    return {"name": said["name"], "args": said.get("args") or {}} if isinstance(said, dict) else said


def _speaks(content: JsonObject) -> bool:
    return any("functionResponse" not in part for part in content["parts"])


def text_of(content: JsonObject) -> str:
    return "".join(part.get("text", "") for part in content["parts"])


def prompt_tokens(body: JsonObject) -> int:
    said = [*body["contents"], *([body["systemInstruction"]] if "systemInstruction" in body else [])]
    return sum(len(split_words(text_of(content))) for content in said)


def offered(body: JsonObject, choice: JsonObject) -> list[Tool]:
    """The functions that may be called."""
    allowed = choice.get("allowedFunctionNames")
    return [
        Tool(function["name"], function.get("parametersJsonSchema") or function.get("parameters") or {})
        for tool in body.get("tools") or ()
        for function in tool.get("functionDeclarations") or ()
        if allowed is None or function["name"] in allowed
    ]
