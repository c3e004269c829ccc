"""How many tokens a call may use, as far as anybody can know before it is made."""

from __future__ import annotations

from llm import tokens
from llm.call import Call

MODEST = 500
"""Tokens of an answer that nobody bounds."""


def prompt_tokens(call: Call) -> int:
    """An estimate, made once for each call."""
    if call.prompt_estimate is None:
        call.prompt_estimate = tokens.estimate_request(call.request)
    return call.prompt_estimate


def reckoned(call: Call) -> int:
    """Those of the prompt, and of every answer it asks for up to its bound."""
    options = call.request.options
    answer = options.max_tokens or call.caller.reserve_max_tokens or MODEST
    return prompt_tokens(call) + answer * (options.n or 1)
