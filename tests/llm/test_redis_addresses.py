"""A client for each address: passwords, databases, sockets of the system, TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from llm.redis import Address, GuardedRedis, StoreUnavailable, client
from tests.llm.certificates import self_signed
from tests.llm.own_redis import OwnRedis, PlayedRedis, refused

pytestmark = pytest.mark.alone


async def test_a_loop_has_one_client_for_each_address(redis_url: str) -> None:
    mine = client(redis_url)
    assert client(redis_url) is mine
    assert client(f"{redis_url}?other=1") is not mine
    assert await asyncio.to_thread(lambda: asyncio.run(_client(redis_url))) is not mine
    await mine.close()
    assert client(redis_url) is not mine


async def _client(url: str) -> GuardedRedis:
    return client(url)


async def test_password_and_database_come_from_the_address(start_redis: Callable[..., OwnRedis]) -> None:
    server = start_redis("--requirepass", "p@ss word")
    guarded = GuardedRedis(f"redis://:p%40ss%20word@127.0.0.1:{server.port}/3")
    assert b"db=3" in await guarded.run("CLIENT", "INFO")
    wrong = GuardedRedis(f"redis://:wrong@127.0.0.1:{server.port}/3")
    with pytest.raises(StoreUnavailable, match="WRONGPASS"):
        await wrong.run("PING")
    await guarded.close()


async def test_nothing_is_said_to_a_database_that_does_not_exist(own_redis: OwnRedis) -> None:
    guarded = GuardedRedis(f"redis://127.0.0.1:{own_redis.port}/99")
    with pytest.raises(StoreUnavailable, match="out of range"):
        await guarded.run("SET", "x", "1")
    elsewhere = GuardedRedis(own_redis.url)
    assert await elsewhere.run("EXISTS", "x") == 0
    await elsewhere.close()


async def test_a_unix_socket_serves_as_well(start_redis: Callable[..., OwnRedis], tmp_path: Path) -> None:
    start_redis("--unixsocket", str(tmp_path / "redis.sock"))
    guarded = GuardedRedis(f"unix://{tmp_path}/redis.sock?db=2")
    assert b"db=2" in await guarded.run("CLIENT", "INFO")
    await guarded.close()


async def test_tls_checks_the_certificate_unless_told_not_to(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "127.0.0.1")
    async with PlayedRedis(tls=certificate.context) as server:
        for options, works in (
            (f"ssl_ca_certs={certificate.path}", True),
            ("ssl_cert_reqs=none", True),
            (f"ssl_ca_certs={certificate.path}&ssl_certfile={certificate.path}&ssl_keyfile={certificate.key}", True),
            ("", False),
        ):
            guarded = GuardedRedis(f"{server.url}?{options}")
            if works:
                assert await guarded.run("PING") == b"OK"
            else:
                await refused(guarded)
            await guarded.close()


def test_credentials_show_in_no_repr() -> None:
    assert "hunter2" not in repr(Address.parse("redis://ada:hunter2@host:1/2"))
