"""Vendors found in the environment, and what the catalogue of known models says of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config import env
from llm.models import Alias, Model, Organisation, Provider
from llm.registry_file import Document, parse

CATALOGUE = Path(__file__).parent / "catalogue"
KEY_NAMES = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GOOGLE_AI_API_KEY", "GEMINI_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "cohere": ("COHERE_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
}
OLLAMA_PORT = 11434


def missing() -> Iterator[tuple[str, Document]]:
    """Each vendor that has no provider yet, with what its catalogue page adds to the database; echo is always found.

    A vendor that has one is the operator's: what they took away must not come back at the next start.
    """
    kinds = set(Provider.objects.values_list("kind", flat=True))
    for vendor, found in (("echo", {}), *_found()):
        if vendor in kinds:
            continue
        document = parse((CATALOGUE / f"{vendor}.yaml").read_text())
        for row in document["providers"] or []:
            row.update(found)
        yield vendor, _lacking(document)


def _found() -> Iterator[tuple[str, dict[str, Any]]]:
    for vendor, names in KEY_NAMES.items():
        if secret := next((found for name in names if (found := env.text(name))), None):
            yield vendor, {"api_key": secret}
    if host := env.text("OLLAMA_HOST"):
        yield "ollama", {"base_url": ollama_url(host)}


def ollama_url(host: str) -> str:
    """OLLAMA_HOST as people write it (`host`, `host:port`, an address) to the address of its OpenAI dialect."""
    scheme, _, rest = host.rpartition("://")
    name, _, port = rest.rstrip("/").partition(":")
    reachable = "127.0.0.1" if name in {"", "0.0.0.0"} else name  # noqa: S104  # a listening address, not ours
    return f"{scheme or 'http'}://{reachable}:{port or OLLAMA_PORT}/v1"


def _lacking(document: Document) -> Document:
    """Models that are there stay as they are; the demo organisation is for a database that has none."""
    models = {*Model.objects.values_list("name", flat=True), *Alias.objects.values_list("name", flat=True)}
    return {
        **document,
        "models": [row for row in document["models"] or [] if row["name"] not in models],
        "organisations": [] if Organisation.objects.exists() else document["organisations"],
    }
