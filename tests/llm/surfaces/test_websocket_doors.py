"""Who may open a socket: keys in three places, origins, scopes, and how each refusal closes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from llm.vault import new_key
from tests.llm.own_postgres import OwnPostgres
from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import KEYS, ORIGIN, OTHER_ORIGIN, registry
from tests.llm.surfaces.talk import Heard, Talk, dialled, talking
from tests.services import wait_until
from tests.serving import Serving, serving

READY = {"type": "ready"}


def bearer(key: str) -> dict[str, Any]:
    return {"additional_headers": {"Authorization": f"Bearer {key}"}}


def offering(*keys: str, protocol: str = "gatehouse.v1") -> dict[str, Any]:
    return {"subprotocols": [protocol, *(f"key.{key}" for key in keys)]}


def refused(talk: Talk) -> tuple[str, int]:
    """The code of the error, and of the close that follows at once."""
    return talk.refusal()["code"], talk.code()


class TestAKey:
    @pytest.mark.parametrize(
        "how", [bearer(KEYS["main"]), {"additional_headers": {"x-api-key": KEYS["main"]}}], ids=["bearer", "x-api-key"]
    )
    def test_opens_in_either_header(self, served: House, how: dict[str, Any]) -> None:
        with dialled(served, **how) as talk:
            assert talk.hear() == READY
            assert talk.line.subprotocol is None

    def test_opens_among_the_subprotocols_and_is_not_repeated(self, served: House) -> None:
        with dialled(served, **offering(KEYS["main"])) as talk:
            assert talk.hear() == READY
            assert talk.line.subprotocol == "gatehouse.v1"
            assert talk.line.response is not None
            assert KEYS["main"] not in str(talk.line.response.headers)
            assert talk.answer("c1", "gpt-4o-mini")[-1]["type"] == "done"

    def test_opens_in_the_first_message(self, served: House) -> None:
        with dialled(served, subprotocols=["gatehouse.v1"]) as talk:
            talk.say(type="authenticate", key=KEYS["main"])
            assert talk.hear() == READY
            assert talk.answer("c1", "gpt-4o-mini")[-1]["type"] == "done"

    def test_in_two_places_is_one_key(self, served: House) -> None:
        with dialled(served, **bearer(KEYS["main"]), **offering(KEYS["main"])) as talk:
            assert talk.hear() == READY

    @pytest.mark.parametrize(
        "how",
        [
            bearer(KEYS["main"]) | offering(KEYS["other"]),
            offering(KEYS["main"], KEYS["other"]),
            {"additional_headers": {"Authorization": f"Bearer {KEYS['main']}", "x-api-key": KEYS["other"]}},
        ],
        ids=["header and subprotocol", "two subprotocols", "two headers"],
    )
    def test_beside_another_good_one_is_refused(self, served: House, how: dict[str, Any]) -> None:
        with dialled(served, **how) as talk:
            assert refused(talk) == ("ambiguous_credentials", 4401)

    def test_in_a_message_after_another_one_is_refused_and_the_socket_goes_on(self, house: House) -> None:
        with talking(house) as talk:
            talk.say(type="authenticate", key=KEYS["other"])
            error = talk.refusal()
            assert (error["code"], error["param"]) == ("already_authenticated", "type")
            assert talk.answer("c1", "gpt-4o-mini")[-1]["type"] == "done"

    @pytest.mark.parametrize("key", [new_key(), KEYS["disabled"], KEYS["expired"]], ids=["unknown", "disabled", "old"])
    @pytest.mark.parametrize("place", ["header", "subprotocol", "message"])
    def test_that_is_no_good_is_refused_and_never_repeated(self, served: House, key: str, place: str) -> None:
        how = {"header": bearer(key), "subprotocol": offering(key), "message": {}}[place]
        with dialled(served, **how) as talk:
            if place == "message":
                talk.say(type="authenticate", key=key)
            heard = talk.hear()
            assert (heard["error"]["code"], talk.code()) == ("invalid_api_key", 4401)

        assert key not in str(heard)
        assert key[3:] not in served.serving.log.read_text()

    @pytest.mark.parametrize("key", ["gh_" + "x" * 20_000, "'; DROP TABLE llm_apikey;--", "gh_\u4e16\u754c\0"])
    def test_that_is_strange_is_merely_unknown(self, house: House, key: str) -> None:
        with dialled(house) as talk:
            talk.say(type="authenticate", key=key)
            assert refused(talk) == ("invalid_api_key", 4401)

    def test_without_the_scope_is_refused_by_its_name(self, served: House) -> None:
        with dialled(served, **bearer(KEYS["unscoped"])) as talk:
            heard = talk.hear()
            assert (heard["error"]["code"], talk.code()) == ("missing_scope", 4403)
        assert "'generate'" in heard["error"]["message"]


class TestTheFirstMessage:
    @pytest.mark.parametrize(
        "message",
        [
            '{"type": "ping"}',
            '{"type": "generate", "id": "c1", "request": {}}',
            '{"type": "authenticate"}',
            '{"type": "authenticate", "key": ""}',
            '{"type": "authenticate", "key": 7}',
            '{"type": "authenticate", "key": "gh_a", "more": 1}',
            "authenticate",
            "[]",
            b"\x00\x01",
        ],
    )
    def test_must_bring_the_key(self, house: House, message: str | bytes) -> None:
        with dialled(house) as talk:
            talk.line.send(message)
            code, closed = refused(talk)

        assert closed == 4401
        assert code in ("missing_api_key", "invalid_field", "unknown_field", "malformed_body", "binary_message")

    def test_must_come_within_five_seconds(self, served: House) -> None:
        with dialled(served) as talk:
            began = time.monotonic()
            assert refused(talk) == ("authentication_timeout", 4408)
            assert 4.5 < time.monotonic() - began < 7


class TestAnOrigin:
    """Only browsers send one."""

    @pytest.mark.parametrize("place", ["subprotocol", "message"])
    def test_that_the_key_names_may_come_in(self, served: House, place: str) -> None:
        how = offering(KEYS["browser"]) if place == "subprotocol" else {"subprotocols": ["gatehouse.v1"]}
        with dialled(served, origin=ORIGIN, **how) as talk:
            if place == "message":
                talk.say(type="authenticate", key=KEYS["browser"])
            assert talk.hear() == READY
            assert talk.answer("c1", "gpt-4o-mini")[-1]["type"] == "done"

    @pytest.mark.parametrize("place", ["subprotocol", "message"])
    def test_that_another_key_names_is_refused_once_the_key_is_known(self, served: House, place: str) -> None:
        how = offering(KEYS["browser"]) if place == "subprotocol" else {}
        with dialled(served, origin=OTHER_ORIGIN, **how) as talk:
            if place == "message":
                talk.say(type="authenticate", key=KEYS["browser"])
            assert refused(talk) == ("origin_not_allowed", 4403)

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "", ORIGIN + ":444", ORIGIN.upper()])
    def test_that_no_key_names_does_not_even_open(self, served: House, origin: str) -> None:
        """`null` is what a sandboxed frame or a file sends. An empty one daphne itself calls a bad request."""
        with pytest.raises(InvalidStatus) as refusal, dialled(served, origin=origin, **offering(KEYS["browser"])):
            pass
        assert refusal.value.response.status_code in ((400, 403) if origin == "" else (403,))

    @pytest.mark.parametrize("origin", ["null", "https://anywhere.example"])
    def test_may_be_any_for_a_key_that_says_so(self, wide_house: House, origin: str) -> None:
        with dialled(wide_house, origin=origin, **bearer(KEYS["main"])) as talk:
            assert refused(talk) == ("origin_not_allowed", 4403)
        with dialled(wide_house, origin=origin, **bearer(KEYS["browser"])) as talk:
            assert talk.hear() == READY


@pytest.fixture(scope="module")
def wide_house(tmp_path_factory: pytest.TempPathFactory, house: House) -> Iterator[House]:
    """One whose page key may be used from everywhere, and whose keys may hold three sockets each."""
    with serving(tmp_path_factory.mktemp("wide") / "var", SOCKETS_PER_KEY="3") as installed:
        furnish(installed, house, origins=["*"])
        installed.start()
        yield House(installed, house.vendor, house.client)


def furnish(installed: Serving, house: House, **page_key: Any) -> None:
    told = registry(house.vendor.base_url)
    (key,) = (key for key in told["keys"] if key["name"] == "browser")
    key.update(page_key)
    installed.apply(told)


class TestManySockets:
    def test_of_one_key_are_counted_and_one_too_many_is_refused(self, wide_house: House) -> None:
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(talking(wide_house))
            with dialled(wide_house, **bearer(KEYS["main"])) as talk:
                assert refused(talk) == ("too_many_sockets", 4429)
            with talking(wide_house, "other"):
                pass
        until_open(wide_house)


def until_open(house: House) -> None:
    """Places are free again, once the server has heard of the clients' leaving."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        with dialled(house, **bearer(KEYS["main"])) as talk:
            if talk.hear() == READY:
                return
    raise AssertionError("no place is free")


@pytest.mark.alone
class TestAKeyThatEnds:
    """While a socket of it is open."""

    @pytest.fixture
    def installed(self, wide_house: House) -> Iterator[House]:
        yield wide_house
        furnish(wide_house.serving, wide_house)
        assert wait_until(lambda: lets_in(wide_house))  # that change has to come round, too

    def test_works_for_no_new_answer_and_the_running_one_comes_to_its_end(self, installed: House) -> None:
        with talking(installed, "browser") as talk:
            talk.ask("c1", "gate")
            talk.hear()
            furnish(installed.serving, installed, disabled=True)
            error = refused_in_time(talk)
            installed.vendor.release()
            heard = talk.rest()
            assert talk.line.close_code == 4401
        installed.vendor.hold()

        assert error["code"] == "invalid_api_key"
        assert heard[-1]["type"] == "done"

    def test_closes_a_socket_that_is_idle_when_it_asks(self, installed: House) -> None:
        with talking(installed, "browser") as talk:
            furnish(installed.serving, installed, disabled=True)
            refused_in_time(talk)
            assert talk.code() == 4401


def lets_in(house: House) -> bool:
    with dialled(house, **bearer(KEYS["browser"])) as talk:
        return bool(talk.hear()["type"] == "ready")


def refused_in_time(talk: Talk) -> Heard:
    """Within five seconds the change has come round."""
    deadline = time.monotonic() + 5
    while True:
        end = talk.answer("again", "gpt-4o-mini")[-1]
        if end["type"] == "error":
            error: Heard = end["error"]
            return error
        assert time.monotonic() < deadline


class TestWhileTheStoreIsAway:
    @pytest.fixture
    def stranded(self, tmp_path: Path, house: House) -> Iterator[House]:
        """Its database was frozen after `main` had come in once."""
        postgres = OwnPostgres()
        postgres.start()
        with serving(tmp_path / "var", DATABASE_URL=postgres.url) as installed:
            furnish(installed, house)
            installed.start()
            stranded = House(installed, house.vendor, house.client)
            with talking(stranded):
                postgres.freeze()
            yield stranded
            postgres.thaw()
        postgres.remove()

    def test_known_keys_come_in_and_others_are_told_to_try_again(self, stranded: House) -> None:
        with dialled(stranded, **bearer(KEYS["other"])) as talk:
            assert refused(talk) == ("unavailable", 1013)
        with talking(stranded) as talk:
            assert talk.answer("c1", "gpt-4o-mini")[-1]["type"] == "done"
