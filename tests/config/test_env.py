"""The environment is read once, checked at once, and its secrets are made once and never repeated."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import env
from tests.config.conftest import Start


@pytest.fixture
def fresh_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(env, "VAR", tmp_path / "var")
    return tmp_path / "var"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", "PORT must be a whole number, not 'http'."),
        ("PORT", "70000", "PORT must be between 1 and 65535, not 70000."),
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY must be between 1 and 256, not 0."),
        ("DEFAULT_TEMPERATURE", "warm", "DEFAULT_TEMPERATURE must be a number, not 'warm'."),
        ("DEFAULT_TEMPERATURE", "nan", "DEFAULT_TEMPERATURE must be between 0 and 2, not nan."),
        ("GRACE_SECONDS", "-1", "GRACE_SECONDS must be at least 0, not -1."),
        ("DEBUG", "perhaps", "DEBUG must be yes or no, not 'perhaps'."),
        ("DATABASE_URL", "mysql://u:hunter2@h/d", "DATABASE_URL must begin with postgres://"),
        ("REDIS_URL", "http://:hunter2@h", "REDIS_URL must begin with redis://"),
        (
            "DATABASE_URL",
            "postgres://u:hunter2/x@h/d",
            "DATABASE_URL cannot be read as a URL; in a password write / as",
        ),
        ("REDIS_URL", "redis://:hunter2#x@h", "REDIS_URL cannot be read as a URL"),
        ("EMAIL_URL", "smtp://u:hunter2/x@h", "EMAIL_URL cannot be read as a URL"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy", "TRUSTED_PROXIES must list addresses or CIDR ranges, not 'proxy'."),
        ("SECRETS_KEY", "hunter2", "SECRETS_KEY must be urlsafe base64 of 32 bytes"),
        ("JOURNAL_DIR", "/dev/null/journal", "JOURNAL_DIR: the folder /dev/null/journal cannot be made"),
    ],
)
def test_a_wrong_value_stops_the_start_in_one_clear_line(start: Start, name: str, value: str, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=env.ROOT,
        env={**env.for_child(-1), name: value},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


def test_secrets_are_made_once_for_the_owner_alone(fresh_var: Path) -> None:
    made = env.secret("SECRET_KEY")
    assert made == env.secret("SECRET_KEY")
    assert stat.S_IMODE((fresh_var / "secrets").stat().st_mode) == 0o600
    assert [path.name for path in fresh_var.iterdir()] == ["secrets"]


def test_processes_that_start_together_agree_on_one_secret(fresh_var: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: env._kept_secrets()["SECRETS_KEY"], range(8)))) == 1


def test_a_secret_in_the_environment_goes_first(fresh_var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "given")
    assert env.secret("SECRET_KEY") == "given"
    assert not fresh_var.exists()


def test_several_encryption_keys_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = env._fernet_key(), env._fernet_key()
    monkeypatch.setenv("SECRETS_KEY", f"{first}, {second}")
    assert env.encryption_keys() == [first, second]


@pytest.mark.parametrize(
    ("url", "port", "starttls", "tls"),
    [
        ("smtp://mail", 25, False, False),
        ("smtp+tls://mail", 587, True, False),
        ("smtps://mail:4650", 4650, False, True),
    ],
)
def test_a_mail_server_is_one_address(
    monkeypatch: pytest.MonkeyPatch, url: str, port: int, starttls: bool, tls: bool
) -> None:
    monkeypatch.setenv("EMAIL_URL", url.replace("//", "//ada:p%40ss@"))
    server = env.mail_server("EMAIL_URL")
    assert (server["EMAIL_HOST_USER"], server["EMAIL_HOST_PASSWORD"]) == ("ada", "p@ss")
    assert (server["EMAIL_PORT"], server["EMAIL_USE_TLS"], server["EMAIL_USE_SSL"]) == (port, starttls, tls)
