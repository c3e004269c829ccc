"""How a webhook's messages are signed: after the Standard Webhooks specification, version 1 (HMAC-SHA256)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
LEAST_BYTES = 24


class BadSecret(ValueError):
    """Nothing is signed with it: it is empty, short, or not written as `whsec_` and base64."""


def new_secret() -> str:
    """256 random bits, as receivers of Standard Webhooks expect them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(message: str, timestamp: int, body: bytes, signers: Sequence[str]) -> dict[str, str]:
    """Those that go with `body`, signed by each of `signers`; `timestamp` in seconds since 1970. Raises BadSecret."""
    signed = f"{message}.{timestamp}.".encode() + body
    signatures = [f"v1,{base64.b64encode(hmac.digest(_key(one), signed, 'sha256')).decode()}" for one in signers]
    if not signatures:
        raise BadSecret("There is no secret to sign with.")
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or len(key) < LEAST_BYTES:
        raise BadSecret(f"The secret is not {PREFIX} and the base64 of {LEAST_BYTES} bytes or more.")
    return key
