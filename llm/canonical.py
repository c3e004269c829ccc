"""The bytes of any value of ours, for digests and lengths."""

from __future__ import annotations

import json
from dataclasses import asdict

import orjson


def canonical(value: object) -> bytes:
    """In the order in which things were said.

    Never fails on what JSON can hold: numbers beyond 64 bits and lone surrogates take the slow way.
    """
    return _canonical(value, in_order=True)


def unordered(value: object) -> bytes:
    """The same for two objects that differ in the order of their keys alone."""
    return _canonical(value, in_order=False)


def _canonical(value: object, *, in_order: bool) -> bytes:
    try:
        return orjson.dumps(value, option=None if in_order else orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=asdict, sort_keys=not in_order).encode()
