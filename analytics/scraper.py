"""Who may read `/metrics`: a scraper on this very machine, or whoever holds METRICS_TOKEN."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from secrets import compare_digest

from django.conf import settings
from django.http import HttpRequest

PROXY_MARKS = ("Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


def may_read(request: HttpRequest) -> bool:
    return holds_token(request) or is_local(request)


def holds_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted: str = settings.METRICS_TOKEN
    return bool(wanted) and scheme.lower() == "bearer" and compare_digest(token.strip().encode(), wanted.encode())


def is_local(request: HttpRequest) -> bool:
    """Whether the asking process runs here: behind a proxy on this machine every peer looks as if it did.

    Only a proxy we trust may say who is behind it, and then by `X-Forwarded-For`; any other trace of one refuses.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    if not is_loopback(peer):
        return False
    chain = request.headers.get("X-Forwarded-For")
    if chain is None:
        return not any(mark in request.headers for mark in PROXY_MARKS)
    return is_trusted_proxy(peer) and is_loopback(nearest_stranger(chain))


def nearest_stranger(chain: str) -> str:
    """The last address in `X-Forwarded-For` that is no proxy of ours; anyone may have written what stands before it."""
    hops = [hop.strip() for hop in chain.split(",")]
    for hop in reversed(hops):
        if not is_trusted_proxy(hop):
            return hop
    return hops[0]


def is_loopback(address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def is_trusted_proxy(address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip in ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)
