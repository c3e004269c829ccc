"""Secrets at rest: provider keys are sealed, gateway keys are digested, and neither needs more than SECRETS_KEY."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_PREFIX = "gh_"
LONGEST_KEY = 256


class Unopenable(Exception):
    """Something was sealed under a SECRETS_KEY that is not listed any more."""


class Vault:
    """Seals under the first of `keys` (urlsafe base64 of 32 bytes), opens under any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [_key_bytes(key) for key in keys]
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, text: str) -> str:
        return self.seal_bytes(text.encode()).decode()

    def open(self, sealed: str) -> str:
        return self.open_bytes(sealed.encode()).decode()

    def seal_bytes(self, raw: bytes) -> bytes:
        return self._fernet.encrypt(raw)

    def open_bytes(self, sealed: bytes) -> bytes:
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise Unopenable("Sealed under a SECRETS_KEY that is not listed.") from None

    def reseal(self, sealed: str) -> str:
        return self.seal(self.open(sealed))

    def derived(self, purpose: str) -> Vault:
        """One that opens nothing which this one or that of another purpose sealed."""
        return Vault([base64.urlsafe_b64encode(_derived(key, purpose)).decode() for key in self._keys])

    def pepper(self) -> bytes:
        """What gateway keys are digested with; asked for once in a database's life, then kept there, sealed."""
        return _derived(self._keys[0], "key pepper")

    def fingerprints(self) -> list[str]:
        """One for each key, the sealing one first."""
        return [_derived(key, "fingerprint").hex() for key in self._keys]


def current(purpose: str | None = None) -> Vault:
    """The vault of the settings' SECRETS_KEYS, or the one derived from it for a purpose."""
    return _vault(tuple(settings.SECRETS_KEYS), purpose)


def fingerprint(secret: str) -> str:
    """Tells two secrets apart and gives neither away."""
    return _derived(secret.encode(), "fingerprint").hex()


def new_key() -> str:
    """A gateway key of 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest(key: str, pepper: bytes) -> str:
    return hmac.digest(pepper, key.encode("utf-8", "backslashreplace"), "sha256").hex()


def last_four(secret: str) -> str:
    """What may be shown of a secret: nothing where four characters would be a good part of it."""
    return secret[-4:] if len(secret) >= 16 else ""


@lru_cache(maxsize=8)
def _vault(keys: tuple[str, ...], purpose: str | None) -> Vault:
    return Vault(keys) if purpose is None else Vault(keys).derived(purpose)


def _key_bytes(key: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(key)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ValueError("SECRETS_KEY must be the urlsafe base64 of 32 bytes, or several with commas.")
    return raw


def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"gatehouse {purpose}".encode()).derive(secret)
