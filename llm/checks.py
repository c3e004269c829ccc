"""What is wrong with the settings or with this database's secrets, each with its number and its mend."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

from llm import vault
from llm.models import Keyring, SecretsMismatch, verify_fingerprint

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


@register(Tags.security)
def check_secrets(**_: Any) -> list[CheckMessage]:
    try:
        vault.current().fingerprints()
    except (ValueError, IndexError):
        hint = "Make one: python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
        return [Error("SECRETS_KEY must be the urlsafe base64 of 32 bytes.", hint=hint, id="llm.E001")]
    return []


@register(Tags.security)
def check_private_hosts(**_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"ALLOWED_PRIVATE_HOSTS: {entry!r} is neither a host nor a network.",
            hint="Write hosts such as ollama.internal and networks such as 10.0.0.0/8, with commas between.",
            id="llm.E002",
        )
        for entry in settings.ALLOWED_PRIVATE_HOSTS
        if not _is_host_or_network(entry)
    ]


@register(Tags.database)
def check_fingerprint(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Silent while the tables are missing, so that `migrate` can make them."""
    if "default" not in (databases or ()) or not _has_keyring():
        return []
    try:
        verify_fingerprint()
    except SecretsMismatch as mismatch:
        return [Error(str(mismatch), id="llm.E003")]
    return []


def _has_keyring() -> bool:
    try:
        return Keyring._meta.db_table in connections["default"].introspection.table_names()
    except DatabaseError:
        return False


def _is_host_or_network(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return HOST.fullmatch(entry) is not None
    return True
