"""Addresses and base64 as `llm.dialects.media` takes them, in patterns that every language reads alike."""

from __future__ import annotations

from llm.dialects.media import LONGEST_ADDRESS
from llm.surfaces.openapi.words import Schema, either, text

ENCODED = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)"
PARAMETERS = r"(?:;[A-Za-z0-9.+-]+=[^;,\s]*)*"

BASE64 = text(None, pattern=f"^{ENCODED}$")
ADDRESS = text(LONGEST_ADDRESS, pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#\\@]+(?:[/?#][^\s\\]*)?$")


def data(kind: str) -> Schema:
    return text(None, pattern=rf"^data:{kind}/[A-Za-z0-9.+-]+{PARAMETERS};base64,{ENCODED}$")


IMAGE = either(ADDRESS, data("image"), description="An address, never fetched by us, or a `data:` URL.")
DOCUMENT = either(ADDRESS, data("[A-Za-z0-9.+-]+"), description="An address, never fetched by us, or a `data:` URL.")
