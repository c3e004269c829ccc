"""The only reader of the environment: names, types, defaults, and the secrets made on first start."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

N = TypeVar("N", int, float)

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("GATEHOUSE_VAR", ROOT / "var"))


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def integer(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    raw = text(name)
    try:
        value = int(raw) if raw else default
    except ValueError:
        raise SystemExit(f"{name} must be a whole number, not {raw!r}.") from None
    return _within(name, value, least, most)


def decimal(name: str, default: float, *, least: float = 0, most: float | None = None) -> float:
    raw = text(name)
    try:
        value = float(raw) if raw else default
    except ValueError:
        raise SystemExit(f"{name} must be a number, not {raw!r}.") from None
    return _within(name, value, least, most)


def _within(name: str, value: N, least: N, most: N | None) -> N:
    """Written so that NaN, which is neither more nor less than anything, is refused as well."""
    if not (value >= least and (most is None or value <= most)):
        bound = f"at least {least:g}" if most is None else f"between {least:g} and {most:g}"
        raise SystemExit(f"{name} must be {bound}, not {value:g}.")
    return value


def flag(name: str, default: bool = False) -> bool:
    raw = text(name).lower()
    if raw in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
        return raw in {"1", "true", "yes", "on"} if raw else default
    raise SystemExit(f"{name} must be yes or no, not {raw!r}.")


def listing(name: str, default: tuple[str, ...] = ()) -> list[str]:
    raw = text(name)
    return [item.strip() for item in raw.split(",") if item.strip()] if raw else list(default)


def address(name: str, schemes: tuple[str, ...], default: str = "") -> str:
    """A URL with one of `schemes`. What it says is never repeated: it may hold a password."""
    raw = text(name, default)
    if raw and urlsplit(raw).scheme not in schemes:
        raise SystemExit(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    if not _is_readable(raw):
        raise SystemExit(f"{name} cannot be read as a URL; in a password write / as %2F, # as %23 and ? as %3F.")
    return raw


def _is_readable(url: str) -> bool:
    """A bare slash in a password makes a port of its first half, and later errors would quote that."""
    try:
        urlsplit(url).port  # noqa: B018  # reading it is what raises
    except ValueError:
        return False
    return True


def mail_server(name: str) -> dict[str, Any]:
    """Django's settings for `smtp://user:password@host:port`, `smtp+tls://` (STARTTLS) or `smtps://`."""
    url = urlsplit(address(name, ("smtp", "smtp+tls", "smtps")))
    if not url.hostname:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    return {
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": url.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[url.scheme],
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": url.scheme == "smtp+tls",
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_TIMEOUT": 10,
    }


def networks(name: str) -> list[str]:
    """Addresses and CIDR ranges."""
    items = listing(name)
    for item in items:
        try:
            ip_network(item, strict=False)
        except ValueError:
            raise SystemExit(f"{name} must list addresses or CIDR ranges, not {item!r}.") from None
    return items


def folder(name: str, default: Path) -> Path:
    path = Path(text(name) or default)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(f"{name}: the folder {path} cannot be made: {error.strerror}.") from None
    return path


def secret(name: str) -> str:
    """The secret from the environment, else the one made on first start into `var/secrets` (owner only)."""
    return text(name) or _kept_secrets()[name]


def encryption_keys() -> list[str]:
    """The current key first, older ones after it."""
    keys = [key.strip() for key in secret("SECRETS_KEY").split(",") if key.strip()]
    for key in keys:
        try:
            whole = len(base64.urlsafe_b64decode(key)) == 32
        except (binascii.Error, ValueError):
            whole = False
        if not whole:
            raise SystemExit("SECRETS_KEY must be urlsafe base64 of 32 bytes, or several with commas.")
    return keys


def for_child(parent: int) -> dict[str, str]:
    """Our environment, and the pipe by which the child notices that its parent is gone."""
    return {**os.environ, "GATEHOUSE_PARENT": str(parent)}


def _kept_secrets() -> dict[str, str]:
    path = VAR / "secrets"
    if not path.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        made = f"SECRET_KEY={secrets.token_urlsafe(50)}\nSECRETS_KEY={_fernet_key()}\n"
        draft = VAR / f".secrets-{secrets.token_hex(8)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(made)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its secrets count
        finally:
            draft.unlink()
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


METRICS = folder("PROMETHEUS_MULTIPROC_DIR", VAR / "metrics")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS)  # prometheus_client reads it when it is first imported
