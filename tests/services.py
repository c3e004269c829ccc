"""PostgreSQL and Redis for the tests: the environment's, else installed ones started here, else installed here first.

Other programs of the machine's own that tests need (a browser) are found and installed by the same rule.

A server started here listens on a free port of the loopback, keeps its data in a temporary folder and stops with the
test run, however that ends: its keeper hangs on a pipe that the run holds open.
"""

from __future__ import annotations

import atexit
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

GIVEN: Mapping[str, str] = {name: os.environ.get(name, "").strip() for name in ("DATABASE_URL", "REDIS_URL")}
"""What the environment said before `tests.environment` hid it from the settings."""

FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Chromium.app/Contents/MacOS",
)
PACKAGES = ("postgresql", "redis-server")
START_SECONDS = 30.0
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""Who we are among those that share this run: each takes ports of its own."""

KEEPER = 'folder=$1; shift; "$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$folder"'


class ServiceMissing(Exception):
    """What the tests need is neither given, nor installed, nor installable; the message names the one command."""


@cache
def postgres() -> str:
    """The address of a PostgreSQL whose user may create databases."""
    if GIVEN["DATABASE_URL"].startswith("postgres"):
        return GIVEN["DATABASE_URL"]
    initdb, server = _binary("initdb"), _binary("postgres")
    folder, port = _folder("postgres"), free_port()
    data = str(folder / "data")
    account = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    if _keep(folder, [initdb, "-D", data, *account]).wait():
        raise ServiceMissing(f"initdb fails:\n{_log(folder)}")
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    url = f"postgres://postgres@127.0.0.1:{port}/postgres"
    _start(folder, [server, "-D", data, *options], lambda: _postgres_answers(url))
    return url


@cache
def redis() -> str:
    """The address of a Redis."""
    if GIVEN["REDIS_URL"]:
        return GIVEN["REDIS_URL"]
    server = _binary("redis-server", "valkey-server")
    folder, port = _folder("redis"), free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    url = f"redis://127.0.0.1:{port}/0"
    _start(folder, [server, *options], lambda: _redis_answers(url))
    return url


def free_port() -> int:
    """Below those that the system gives to clients, one of which could be in the way when the server starts."""
    while True:
        port = random.randrange(16_000 + WORKER, 32_000, WORKERS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(holds: Callable[[], bool], seconds: float = START_SECONDS) -> bool:
    """For what happens in another process and cannot tell us: looks every 50 ms."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def program(*names: str, packages: Sequence[str], instead: str = "") -> str:
    """The path of one called so; where there is none, its packages are installed first. `instead`: what else helps."""
    path = _installed(*names)
    if path is None:
        _install(packages, instead)
        path = _installed(*names)
    if path is None:
        raise ServiceMissing(f"{names[0]} is not on this machine. {_advice(packages, instead)}")
    return path


def _binary(*names: str) -> str:
    return program(*names, packages=PACKAGES, instead=", or set DATABASE_URL and REDIS_URL")


def _installed(*names: str) -> str | None:
    folders = [str(folder) for pattern in FOLDERS for folder in sorted(Path("/").glob(pattern[1:]))]
    searched = os.pathsep.join([os.environ.get("PATH", ""), *reversed(folders)])
    return next((path for name in names if (path := shutil.which(name, path=searched))), None)


def _install(packages: Sequence[str], instead: str) -> None:
    """RUNLEVEL=1 keeps the packages from starting services of their own."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        missing = " and ".join(packages)
        raise ServiceMissing(f"The tests need {missing}, and may not install it here. {_advice(packages, instead)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update", "-q"], ["install", "-qy", "--no-install-recommends", *packages]):
        subprocess.run([apt, *command], check=True, env=quiet, stdout=subprocess.DEVNULL)


def _advice(packages: Sequence[str], instead: str) -> str:
    with_apt = bool(shutil.which("apt-get"))
    names = packages if with_apt else [name.removesuffix("-server") for name in packages]
    command = f"{'apt-get install -y' if with_apt else 'brew install'} {' '.join(names)}"
    return f"Run `{command}` as an administrator{instead}."


def _folder(name: str) -> Path:
    """PostgreSQL refuses to run as root: the folder belongs to the account of no rights that servers then run under."""
    folder = Path(tempfile.mkdtemp(prefix=f"gatehouse-{name}-"))
    if account := _account():
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def _account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    return accounts.get("postgres") or accounts["nobody"]


def _keep(folder: Path, command: list[str]) -> subprocess.Popen[bytes]:
    account = _account()
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=[] if account else None,
        )


def _start(folder: Path, command: list[str], answers: Callable[[], bool]) -> None:
    keeper = _keep(folder, ["/bin/sh", "-c", KEEPER, "sh", str(folder), *command])
    atexit.register(_stop, keeper)
    if not wait_until(answers):
        raise ServiceMissing(f"{command[0]} does not start:\n{_log(folder)}")


def _log(folder: Path) -> str:
    return (folder / "log").read_text(errors="replace")


def _stop(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdin is not None
    keeper.stdin.close()
    keeper.wait()


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(url: str) -> bool:
    with Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False
