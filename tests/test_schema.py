"""The API held against its own schema on real sockets: what is right is taken, what is wrong refused, answers match."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from django.core.management import call_command
from django.urls import URLPattern, get_resolver
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from rest_framework.views import APIView
from schemathesis.checks import load_all_checks
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import positive_data_acceptance

from llm.dialects.body import MAX_BYTES
from llm.vault import new_key
from tests.databases import migrated_postgres
from tests.serving import Serving, serving
from tests.upstream import Upstream

CAPABILITIES = ["streaming", "tools", "vision", "audio", "files", "structured", "reasoning"]
MODELS = ["small", "words-3"]
TALKATIVE = ["small", "tool", "tools-3", "reasoning", "refusal", "cached", "silent", "finish-length"]
BREAKING = [f"words-9+{fault}+after-2+gap-50ms" for fault in ("cut", "error-frame", "reset-mid")]
FAILING = {
    "status-400": 400,
    "status-401-echo-key": 502,
    "status-404": 404,
    "status-429+retry-after-2": 429,
    "status-500": 502,
    "status-503": 503,
    "status-504": 504,
    "reset-first": 502,
    "empty-200": 502,
}
"""What the vendor does, and the status that our clients see."""
ZONES = ["UTC", "Europe/Paris", "Asia/Kathmandu"]
KEY = new_key()
"""It may read prompts and write none: what one operation left behind, another one would fall over."""
GENERATIONS = ["/api/v1/generate/", "/v1/chat/completions", "/v1/messages"]
UNSAYABLE = {"cursor", "to", "requirements", "gatehouse.requirements"}
"""What can be wrong in a way no schema tells: a cursor that never was one, an end before its beginning, requirements of
a model that is named."""
UNTELLABLE = {"invalid_url", "tool_use_not_found", "idempotency_key_reused"}
"""And fields: half an address, a result of a call that nobody made, a key that another request came with."""


def document() -> Any:
    """As served, but naming the models and some of the zones there are, so that requests get far."""
    generator: Any = SchemaGenerator  # its package has no types
    told = json.loads(json.dumps(generator().get_schema(request=None, public=True)))
    for name in ("Generate", "ChatCompletionRequest", "MessagesRequest", "CountTokensRequest"):
        told["components"]["schemas"][name]["properties"]["model"] = {"enum": [*MODELS, None]}
    for name in ("TokenCountRequest", "CostEstimateRequest"):
        told["components"]["schemas"][name]["properties"]["model"] = {"enum": MODELS}
    for operation in operations(told):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "zone":
                parameter["schema"] = {"enum": ZONES}
    return told


def operations(told: Any) -> list[Any]:
    return [operation for path in told["paths"].values() for operation in path.values()]


schema: Any = schemathesis.openapi.from_dict(document())
schema.config.generation.update(with_security_parameters=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("schema")
    with (
        Upstream() as upstream,
        migrated_postgres() as url,
        serving(folder, DATABASE_URL=url, DEFAULT_LLM_MODEL="small") as installed,
    ):
        installed.apply(registry(upstream.base_url))
        installed.start()
        yield installed


def registry(base_url: str) -> dict[str, Any]:
    models = {name: name for name in {*MODELS, *TALKATIVE, *BREAKING, *FAILING}} | {"plain": "small"}
    return {
        "providers": [{"name": "fake", "kind": "openai", "base_url": base_url, "api_key": "sk-fake", "retries": 0}],
        "models": [
            {
                "name": name,
                "capabilities": ["streaming"] if name == "plain" else CAPABILITIES,
                "routes": [{"provider": "fake", "upstream_model": there}],
            }
            for name, there in models.items()
        ],
        "organisations": [{"name": "acme"}],
        "keys": [
            {"name": "tests", "organisation": "acme", "key": KEY},
            {"name": "limited", "organisation": "acme", "key": "gh_" + "l" * 43, "requests_per_minute": 1},
            {"name": "narrow", "organisation": "acme", "key": "gh_" + "n" * 43, "scopes": ["usage"]},
        ],
    }


def accepted(ctx: Any, response: Any, case: Any) -> bool | None:
    """As schemathesis asks, but for what is well-formed and yet means nothing, here or to the vendor."""
    if response.status_code in (400, 422):
        error = response.json()["error"]
        if error["source"] == "provider" or error["param"] in UNSAYABLE or error["code"] in UNTELLABLE:
            return None
    return bool(positive_data_acceptance(ctx, response, case))


@settings(max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))
def keeps_its_word(case: Any, served: Serving) -> None:
    case.call_and_validate(
        base_url=served.url,
        headers={"Authorization": f"Bearer {KEY}"},
        excluded_checks=[positive_data_acceptance],
        additional_checks=[accepted],
    )


@pytest.mark.parametrize("operation", [found.ok() for found in schema.get_all_operations()], ids=lambda it: it.label)
def test_every_operation_keeps_the_schemas_word(operation: Any, served: Serving) -> None:
    """No 5xx; the status, media type, headers and body of each answer are as told; no key, no answer.

    What is asked is thought up here. `schema.parametrize()` does it wherever tests are collected, in each process, and
    takes longer for it than for all other tests together.
    """
    load_all_checks()
    feedback = FeedbackSources()
    build_operation_test(
        config=schema.config, operation=operation, test_func=keeps_its_word, given_kwargs={}, feedback=feedback
    )(served=served)


BOUND = {"/v1/messages": {"max_tokens": 100}}


def ask(served: Serving, path: str, key: str, **body: Any) -> httpx2.Response:
    answer = httpx2.post(
        f"{served.url}{path}",
        json={"messages": [{"role": "user", "content": "Hi"}], **BOUND.get(path, {}), **body},
        headers={"authorization": f"Bearer {key}"},
    )
    assert schema[path]["POST"].validate_response(answer) is None
    return answer


@pytest.mark.parametrize("path", GENERATIONS)
@pytest.mark.parametrize("model", TALKATIVE)
def test_every_kind_of_answer_is_as_the_schema_tells(served: Serving, path: str, model: str) -> None:
    assert ask(served, path, KEY, model=model).status_code == 200


@pytest.mark.parametrize("path", GENERATIONS)
@pytest.mark.parametrize("model", TALKATIVE + BREAKING)
def test_every_event_of_a_stream_is_as_the_schema_tells(served: Serving, path: str, model: str) -> None:
    answer = ask(served, path, KEY, model=model, stream=True)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert ('"error":{' in answer.text) == (model in BREAKING)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", GENERATIONS)
@pytest.mark.parametrize("model", FAILING)
def test_a_vendors_failure_is_told_as_in_the_schema(served: Serving, model: str, path: str, stream: bool) -> None:
    overloaded = 529 if path == "/v1/messages" else 503
    status = FAILING[model] if FAILING[model] != 503 else overloaded

    assert ask(served, path, KEY, model=model, stream=stream).status_code == status


@pytest.mark.parametrize("path", GENERATIONS)
def test_our_own_refusals_are_told_as_in_the_schema(served: Serving, path: str) -> None:
    wrong = 422 if path == GENERATIONS[0] else 400
    tool = {"tools": [{"name": "f"}]} if path == "/v1/messages" else {"functions": [{"name": "f"}]}
    offered = {"options": tool} if path == GENERATIONS[0] else tool

    assert ask(served, path, "gh_" + "x" * 43).status_code == 401
    assert ask(served, path, "gh_" + "n" * 43).status_code == 403
    assert ask(served, path, KEY, model="smal").status_code == 404
    assert ask(served, path, KEY, model="plain", **offered).status_code == wrong
    assert ask(served, path, KEY, messages=[{"role": "user", "content": "a" * MAX_BYTES}]).status_code == 413


def test_the_refusal_of_a_limit_is_told_as_in_the_schema(served: Serving) -> None:
    first, *others = [ask(served, path, "gh_" + "l" * 43) for path in [GENERATIONS[0], *GENERATIONS]]

    assert first.status_code == 200
    assert {(answer.status_code, answer.json()["error"]["limit"]["max"]) for answer in others} == {(429, 1)}


def test_the_schema_is_valid_and_made_without_a_warning(tmp_path: Path) -> None:
    made = tmp_path / "schema.yaml"

    call_command("spectacular", "--validate", "--fail-on-warn", file=str(made))

    assert made.read_text().startswith("openapi: 3.1.0")


def test_every_view_of_the_api_is_in_the_schema() -> None:
    """But for the schema's own two."""
    views = {
        "/" + re.sub("<(?:str|path|int):([a-z]+)>", r"{\1}", str(entry.pattern))
        for entry in get_resolver().url_patterns
        if isinstance(entry, URLPattern) and issubclass(getattr(entry.callback, "cls", object), APIView)
    }

    assert set(schema.raw_schema["paths"]) == views - {"/api/schema/", "/api/docs/"}


def test_every_operation_is_described_for_whoever_calls_it() -> None:
    for operation in operations(schema.raw_schema):
        assert operation["summary"]
        assert "tags" in operation
        assert all(answer["description"] for answer in operation["responses"].values())


def test_every_operation_but_the_probes_asks_for_a_key_in_either_header() -> None:
    asking = {path for path, item in schema.raw_schema["paths"].items() for one in item.values() if "security" in one}

    assert set(schema.raw_schema["paths"]) - asking == {"/healthz", "/readyz"}
    assert schema.raw_schema["components"]["securitySchemes"] == {
        "bearer": {"type": "http", "scheme": "bearer"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    }
