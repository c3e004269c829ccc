"""Where calls may go out to: the one place that reads and judges an address, when it is kept and when it is used.

Only one spelling of a host is taken, so that no other parser on the way can read another host out of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

LONGEST_HOST = 253
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]*)*")
PORTS = {"http": 80, "https": 443}
EMBEDDED = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""Networks whose addresses are IPv4 ones in disguise: their last four bytes are where they lead."""

IP = IPv4Address | IPv6Address


class BadAddress(ValueError):
    """The address is not one we call; the message says what is wanted."""


@dataclass(slots=True, frozen=True)
class Address:
    """A URL taken apart; `str` is its only spelling."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Raises BadAddress."""
        if any(character.isspace() or not character.isprintable() for character in url) or "\\" in url:
            raise BadAddress("must not hold spaces, backslashes or control characters")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            # Its words quote what was read as the port, which may be half of a password.
            raise BadAddress("is not an address: its brackets do not match, or its port is no number") from None
        if parts.scheme not in PORTS:
            raise BadAddress("must begin with https:// or http://")
        if not parts.hostname:
            raise BadAddress("must name a host")
        if "@" in parts.netloc:
            raise BadAddress("must not carry credentials")
        if parts.query or parts.fragment or "?" in url or "#" in url:
            raise BadAddress("must not carry a query or a fragment")
        if not PATH.fullmatch(parts.path) or ".." in parts.path.split("/"):
            raise BadAddress("must have a path of plain letters, without .. or percent signs")
        if port == 0:
            raise BadAddress("must have a port from 1 to 65535")
        host = _host(parts.hostname, bracketed="[" in parts.netloc)
        return cls(parts.scheme, host, port or PORTS[parts.scheme], parts.path)

    @property
    def ip(self) -> IP | None:
        """What it says where it names no host but an address."""
        return _ip(self.host)

    @property
    def destination(self) -> str:
        """The host and port that a secret is sent to."""
        return f"{self.host}:{self.port}"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def check_base_url(url: str, allowed: Sequence[str] = (), *, at_home: bool = True) -> Address:
    """https to public hosts; to `allowed` ones (hosts or networks) http too, and, unless not `at_home`, to the machine
    itself by its plain names.

    What a name leads to is judged again by `may_connect`, each time it is looked up. Raises BadAddress.
    """
    address = Address.parse(url)
    listed = _is_listed(address.host, allowed)
    local = _is_local_name(address.host)
    if local and not (at_home or listed):
        raise BadAddress(f"leads to this machine: its host {address.host} must be listed in ALLOWED_PRIVATE_HOSTS")
    if address.scheme == "http" and not (local or listed):
        raise BadAddress(f"must be https, or its host {address.host} listed in ALLOWED_PRIVATE_HOSTS")
    if address.ip is not None and not may_connect(address.host, address.ip, allowed):
        raise BadAddress(f"leads to a private network: its host {address.host} must be listed in ALLOWED_PRIVATE_HOSTS")
    return address


def may_connect(host: str, ip: IP, allowed: Sequence[str] = ()) -> bool:
    """Whether a connection for `host` may be made to `ip`, which it was found at."""
    ip = _real(ip)
    if _is_listed(host, allowed) or _is_in(ip, allowed):
        return True
    if ip.is_loopback:
        return _is_local_name(host)
    return ip.is_global and not ip.is_multicast


def host_of(url: str) -> str:
    """The host and port that a secret is sent to; empty where there is none."""
    try:
        return Address.parse(url).destination
    except BadAddress:
        return ""


def _host(host: str, *, bracketed: bool) -> str:
    """A host in the only spelling there is for it."""
    if bracketed:
        if not isinstance(ip := _ip(host), IPv6Address):
            raise BadAddress("must have an IPv6 address between its brackets, without a zone")
        return str(ip)
    if not NAME.fullmatch(host) or len(host) > LONGEST_HOST:
        raise BadAddress("must name its host in plain letters, digits, dots and dashes (xn--… for any others)")
    if NUMBER.fullmatch(host.rpartition(".")[2]) and not isinstance(_ip(host), IPv4Address):
        raise BadAddress("must write an IPv4 address as four plain numbers")
    return host


def _ip(host: str) -> IP | None:
    try:
        return ip_address(host) if "%" not in host else None
    except ValueError:
        return None


def _real(ip: IP) -> IP:
    """Where an address leads that carries another one inside."""
    if isinstance(ip, IPv4Address) or ip.is_loopback:
        return ip
    if any(ip in network for network in EMBEDDED):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def _is_local_name(host: str) -> bool:
    ip = _ip(host)
    return host == "localhost" or (ip is not None and ip.is_loopback)


def _is_listed(host: str, allowed: Sequence[str]) -> bool:
    ip = _ip(host)
    return host in {entry.lower() for entry in allowed} or (ip is not None and _is_in(_real(ip), allowed))


def _is_in(ip: IP, allowed: Sequence[str]) -> bool:
    return any(ip in network for entry in allowed if (network := _network(entry)) is not None)


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None
