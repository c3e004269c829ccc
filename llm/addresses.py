"""Where calls may go out to: the one place that reads and judges a provider's address."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit


class BadAddress(ValueError):
    """The address is not one we call; the message says what is wanted."""


def check_base_url(url: str, allowed: Sequence[str] = ()) -> None:
    """https to anywhere; http to the loopback and to `allowed` (hosts or networks) alone."""
    parts = _split(url)
    if parts.scheme not in {"http", "https"}:
        raise BadAddress("must begin with https:// or http://")
    if not parts.hostname:
        raise BadAddress("must name a host")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("must not carry credentials; they belong into api_key")
    if parts.query or parts.fragment:
        raise BadAddress("must not carry a query or a fragment")
    if parts.scheme == "http" and not (_is_loopback(parts.hostname) or _is_allowed(parts.hostname, allowed)):
        raise BadAddress(f"must be https, or its host {parts.hostname} listed in ALLOWED_PRIVATE_HOSTS")


def host_of(url: str) -> str:
    """The host and port that a secret is sent to; empty where there is none."""
    try:
        parts = _split(url)
    except BadAddress:
        return ""
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.hostname}:{port}" if parts.hostname else ""


def _split(url: str) -> SplitResult:
    if any(character.isspace() or not character.isprintable() for character in url) or "\\" in url:
        raise BadAddress("must not hold spaces, backslashes or control characters")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # Its words quote what was read as the port, which may be half of a password.
        raise BadAddress("is not an address: its brackets do not match, or its port is no number") from None
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_allowed(host: str, allowed: Sequence[str]) -> bool:
    if host in {entry.lower() for entry in allowed}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for entry in allowed if (network := _network(entry)) is not None)


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None
