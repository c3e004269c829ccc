"""No credential reaches the log, whoever writes it and however."""

from __future__ import annotations

import io
import logging

import pytest

from config.logs import OursOrWarnings, Redacted, redact


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def handler(log: io.StringIO) -> logging.Handler:
    handler = logging.StreamHandler(log)
    handler.addFilter(OursOrWarnings())
    handler.setFormatter(Redacted("%(name)s: %(message)s"))
    return handler


def record(name: str, level: int, message: str) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, message, None, None)


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("key gh_QHEC32aYIpYzmxZ67268 is wrong", "key gh_… is wrong"),
        ("token ght_gAAAAABpZmxZ67268 is old", "token ght_… is old"),
        ("Incorrect API key provided: sk-proj-abcDEF123456.", "Incorrect API key provided: sk-…."),
        ("Authorization: Bearer abcdefgh.ijk", "Authorization: Bearer …"),
        ("{'x-api-key': 'abcdefghij'}", "{'x-api-key': '…'}"),
        ("redis://user:hunter2hunter2@db:6379/0", "redis://user:…@db:6379/0"),
        ("postgres://db:5432/gatehouse", "postgres://db:5432/gatehouse"),
        ("GET /v1/models took 3 ms", "GET /v1/models took 3 ms"),
    ],
)
def test_what_looks_like_a_credential_is_blanked(said: str, logged: str) -> None:
    assert logged == redact(said)


def test_a_traceback_is_blanked_too(handler: logging.Handler, log: io.StringIO) -> None:
    try:
        raise RuntimeError("sk-live-0123456789abcdef was refused")
    except RuntimeError as error:
        failure = record("llm", logging.ERROR, "failed")
        failure.exc_info = (RuntimeError, error, error.__traceback__)
    handler.handle(failure)
    assert "Traceback" in log.getvalue()
    assert "0123456789" not in log.getvalue()


@pytest.mark.parametrize("name", ["openai._base_client", "anthropic", "httpx2", "aiohttp.client", "google_genai"])
def test_a_vendors_library_speaks_only_to_warn(handler: logging.Handler, log: io.StringIO, name: str) -> None:
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        handler.handle(record(name, level, logging.getLevelName(level)))
    assert log.getvalue() == f"{name}: WARNING\n"


def test_our_own_modules_may_speak(handler: logging.Handler, log: io.StringIO) -> None:
    handler.handle(record("llm.gateway", logging.INFO, "ready"))
    assert log.getvalue() == "llm.gateway: ready\n"
