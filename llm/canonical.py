"""The bytes of any value of ours, for digests and lengths: JSON in the order in which things were said."""

from __future__ import annotations

import json
from dataclasses import asdict

import orjson


def canonical(value: object) -> bytes:
    """Never fails on what JSON can hold: numbers beyond 64 bits and lone surrogates take the slow way."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=asdict).encode()
