"""Every case asked of a real gateway that has the replaying vendor behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from llm.vault import new_key
from tests.recordings.cases import Case
from tests.recordings.heard import Heard, hear_anthropic, hear_openai
from tests.recordings.judging import disagreements
from tests.recordings.replay import replaying
from tests.serving import serving

OPENAI = "/v1/chat/completions"
OWN: dict[str, tuple[str, Callable[[str], Heard]]] = {
    "openai.chat": (OPENAI, hear_openai),
    "anthropic.messages": ("/v1/messages", hear_anthropic),
}
"""The surface that speaks the recorded dialect, where there is one."""

AT_ROOT = frozenset({"anthropic", "google"})
"""Kinds whose addresses end without `/v1`."""


@dataclass(slots=True)
class Outcome:
    """What came of one case. `reasons` say where and how it disagrees with the recording."""

    case: Case
    reasons: list[str] = field(default_factory=list)


def outcomes(cases: list[Case], where: Path) -> list[Outcome]:
    """One gateway for all of them, in the folder `where`."""
    with replaying(cases) as vendor, serving(where) as installed:
        key = new_key()
        installed.apply(registry(cases, vendor, key))
        installed.start()
        with httpx2.Client(base_url=installed.url, headers={"x-api-key": key}, timeout=30) as client:
            return [_outcome(client, case) for case in cases]


def registry(cases: Iterable[Case], vendor: str, key: str) -> dict[str, Any]:
    kinds = sorted({case.kind for case in cases})
    return {
        "providers": [
            {
                "name": kind,
                "kind": kind,
                "base_url": vendor if kind in AT_ROOT else f"{vendor}/v1",
                "api_key": f"sk-{kind}",
                "retries": 0,
            }
            for kind in kinds
        ],
        "models": [
            {"name": case.id, "caching": False, "routes": [{"provider": case.kind, "upstream_model": case.id}]}
            for case in cases
        ],
        "organisations": [{"name": "acme"}],
        "keys": [{"name": "tests", "organisation": "acme", "key": key}],
    }


def _outcome(client: httpx2.Client, case: Case) -> Outcome:
    outcome = Outcome(case)
    if case.endpoint in OWN:
        path, hear = OWN[case.endpoint]
        asked = {**case.request, "model": case.id}
        heard = hear(client.post(path, json=asked).text)
        outcome.reasons += [f"in its own dialect, {reason}" for reason in disagreements(case, heard)]
    heard = hear_openai(client.post(OPENAI, json=_question(case)).text)
    outcome.reasons += [f"in OpenAI's dialect, {reason}" for reason in disagreements(case, heard)]
    return outcome


def _question(case: Case) -> dict[str, Any]:
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if case.is_stream else {}
    return {"model": case.id, "messages": [{"role": "user", "content": "Say it again"}], **streamed}
