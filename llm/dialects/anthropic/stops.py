"""Why an answer ended, in this dialect's words and in ours."""

from __future__ import annotations

from llm.types import Choice, Completion, FinishReason, JsonObject

DIALECT = "anthropic"
FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""What is not here is `stop`."""

STOPS: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def render_stop(completion: Completion) -> JsonObject:
    """The fields of a message that tell of its end."""
    same, choice = completion.dialect == DIALECT, completion.choices[0] if completion.choices else Choice()
    reason = STOPS[choice.finish_reason or "stop"]
    if same and choice.native_finish_reason:
        reason = choice.native_finish_reason
    details = None
    if choice.refusal:
        reason = "refusal"
        details = {"type": "refusal", "category": None, "explanation": choice.refusal}
    return {"stop_reason": reason, "stop_sequence": None, "stop_details": details}
