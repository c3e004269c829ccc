"""The only reader of the environment: names, types, defaults, and the secrets made on first start."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("GATEHOUSE_VAR", ROOT / "var"))


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def integer(name: str, default: int) -> int:
    raw = text(name)
    try:
        return int(raw) if raw else default
    except ValueError:
        raise SystemExit(f"{name} must be a whole number, not {raw!r}.") from None


def decimal(name: str, default: float) -> float:
    raw = text(name)
    try:
        return float(raw) if raw else default
    except ValueError:
        raise SystemExit(f"{name} must be a number, not {raw!r}.") from None


def flag(name: str, default: bool = False) -> bool:
    raw = text(name).lower()
    if raw in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
        return raw in {"1", "true", "yes", "on"} if raw else default
    raise SystemExit(f"{name} must be yes or no, not {raw!r}.")


def listing(name: str, default: tuple[str, ...] = ()) -> list[str]:
    raw = text(name)
    return [item.strip() for item in raw.split(",") if item.strip()] if raw else list(default)


def folder(name: str, default: Path) -> Path:
    path = Path(text(name) or default)
    path.mkdir(parents=True, exist_ok=True)
    return path


def secret(name: str) -> str:
    """The secret from the environment, else the one made on first start into `var/secrets` (owner only)."""
    return text(name) or _kept_secrets()[name]


def _kept_secrets() -> dict[str, str]:
    path = VAR / "secrets"
    if not path.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        made = f"SECRET_KEY={secrets.token_urlsafe(50)}\nSECRETS_KEY={_fernet_key()}\n"
        draft = VAR / f".secrets-{os.getpid()}"
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
