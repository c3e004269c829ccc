"""Addresses and base64 that callers hand in: checked here, fetched never."""

from __future__ import annotations

import binascii
import re

from llm.errors import InvalidField

LONGEST_ADDRESS = 8_192
HOST = r"[^\s\x00-\x1f\x7f/?#\\@]+"
BELOW = r"[/?#][^\s\x00-\x1f\x7f\\]*"
ADDRESS = re.compile(f"https?://{HOST}({BELOW})?", re.IGNORECASE)
DATA_HEAD = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,\s]*)*);base64", re.IGNORECASE)
LONGEST_HEAD = 256


def check_url(url: str, path: str, *, kind: str | None = None) -> str:
    """`kind` is the first half of the media type that a `data:` URL must have, such as `image`."""
    if url[:5].lower() == "data:":
        _check_data(url, path, kind)
    elif len(url) > LONGEST_ADDRESS or not ADDRESS.fullmatch(url):
        raise InvalidField(
            f"{path}: wanted an https:// or http:// address or a data: URL.", param=path, code="invalid_url"
        )
    return url


def check_base64(data: str, path: str) -> str:
    try:
        found = binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        found = b""
    if not found:
        raise InvalidField(f"{path}: wanted base64 that is complete.", param=path, code="invalid_base64")
    return data


def _check_data(url: str, path: str, kind: str | None) -> None:
    head, comma, data = url.partition(",")
    match = DATA_HEAD.fullmatch(head) if len(head) <= LONGEST_HEAD else None
    if not comma or match is None:
        raise InvalidField(
            f"{path}: wanted a data: URL such as data:image/png;base64,…", param=path, code="invalid_url"
        )
    media_type = match[1] or ""
    if kind is not None and media_type.partition("/")[0].lower() != kind:
        raise InvalidField(
            f"{path}: got {media_type or 'no media type'}, wanted {kind}/….", param=path, code="invalid_url"
        )
    check_base64(data, path)
