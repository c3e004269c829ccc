"""Addresses and base64 as `llm.dialects.media` takes them, in patterns that every language reads alike."""

from __future__ import annotations

from llm.dialects.media import BELOW, HOST, LONGEST_ADDRESS
from llm.surfaces.openapi.words import Schema, either, text

ENCODED = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)"
WORD = "[A-Za-z0-9_.+-]{1,50}"
PARAMETERS = f"(?:;{WORD}={WORD}){{0,2}}"

BASE64 = text(None, pattern=f"^{ENCODED}$")
ADDRESS = text(LONGEST_ADDRESS, pattern=f"^[Hh][Tt][Tt][Pp][Ss]?://{HOST}(?:{BELOW})?$")


def data(kind: str) -> Schema:
    return text(None, pattern=f"^data:{kind}/{WORD}{PARAMETERS};base64,{ENCODED}$")


IMAGE = either(ADDRESS, data("image"), description="An address, never fetched by us, or a `data:` URL.")
DOCUMENT = either(ADDRESS, data(WORD), description="An address, never fetched by us, or a `data:` URL.")
