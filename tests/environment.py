"""The environment of a test run, set by this pytest plugin before Django's settings are read.

A run never touches the developer's `var/`, calls no vendor and uses no service but those a test asks for. With
TEST_DATABASE=postgres Django's own database is PostgreSQL, else SQLite. A run of several workers (`pytest -n`) has its
servers in common, and measures coverage in each worker if it is itself measured.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import coverage
import pytest

from tests import services

HIDDEN = (
    "ALLOWED_HOSTS",
    "ALLOWED_PRIVATE_HOSTS",
    "ANTHROPIC_API_KEY",
    "CACHE_REDIS_URL",
    "CACHE_TTL",
    "CELERY_BROKER_URL",
    "CIRCUIT_FAILURES",
    "COHERE_API_KEY",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_URL",
    "DEBUG",
    "DEEPSEEK_API_KEY",
    "DEFAULT_LLM_MODEL",
    "DEFAULT_MAX_TOKENS",
    "DEFAULT_TEMPERATURE",
    "EMAIL_URL",
    "GEMINI_API_KEY",
    "GOOGLE_AI_API_KEY",
    "GOOGLE_API_KEY",
    "GROQ_API_KEY",
    "HTTPS",
    "JOURNAL_DIR",
    "LOG_LEVEL",
    "METRICS_TOKEN",
    "MISTRAL_API_KEY",
    "OLLAMA_HOST",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "PORT",
    "PROMETHEUS_MULTIPROC_DIR",
    "REDIS_URL",
    "RESERVE_MAX_TOKENS",
    "SECRETS_KEY",
    "SECRET_KEY",
    "SOCKETS_PER_KEY",
    "STATIC_ROOT",
    "TRUSTED_PROXIES",
    "WEB_CONCURRENCY",
    "WELCOME_REMOTE",
)


def _measure() -> coverage.Coverage | None:
    """`coverage run` reaches the process that it starts and no worker of that."""
    if not {"COVERAGE_RUN", "PYTEST_XDIST_WORKER"} <= os.environ.keys():
        return None
    started = coverage.Coverage()
    started.start()
    return started


def _isolate() -> None:
    for name in HIDDEN:
        os.environ.pop(name, None)
    folder = tempfile.mkdtemp(prefix="gatehouse-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["GATEHOUSE_VAR"] = folder
    if os.environ.get("TEST_DATABASE") == "postgres":
        os.environ["DATABASE_URL"] = services.postgres()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    if measured is not None:
        measured.stop()
        measured.save()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Workers inherit our environment and find servers given in it."""
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = services.postgres(), services.redis()


measured = _measure()
_isolate()
