"""Whatever is sent, the answer is a clear refusal in the caller's dialect, and the next request is served."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import socket
import time
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.llm.surfaces.hostile import Case, prepared, table
from tests.llm.surfaces.house import NATIVE, OPENAI, PATHS, House, question
from tests.llm.surfaces.wire import read_to_end, request, send

FIELDS = {"type", "code", "message", "param", "source", "hint", "request_id", "retry_after", "limit"}
CASES = [pytest.param(dialect, case, id=f"{dialect}: {case.name}") for dialect in PATHS for case in table(dialect)]
MEGABYTE = 1024 * 1024


def refused(answer: httpx2.Response) -> dict[str, Any]:
    """The error in the envelope, which both dialects share, with the answer's own id."""
    told: dict[str, Any] = answer.json()
    assert told.keys() == {"error"}
    error: dict[str, Any] = told["error"]
    assert error.keys() == FIELDS
    assert error["request_id"] == answer.headers["x-request-id"] == answer.headers["request-id"]
    assert re.fullmatch(r"gen_[0-9a-f-]{36}", error["request_id"])
    assert error["message"]
    assert error["source"] == "gateway"
    assert answer.headers["content-type"] == "application/json"
    return error


@pytest.mark.parametrize(("dialect", "case"), CASES)
def test_it_is_refused_by_name_and_the_next_request_is_served(house: House, dialect: str, case: Case) -> None:
    answer = house.post(PATHS[dialect], content=case.body)

    status = 400 if dialect == "openai" and case.status == 422 else case.status
    error = refused(answer)
    assert (answer.status_code, error["code"], error["param"]) == (status, case.code, case.param)
    assert error["type"] in ("invalid_request", "not_found")
    assert len(answer.content) < 3_000
    assert house.ask(PATHS[dialect], "gpt-4o-mini").status_code == 200


@pytest.mark.parametrize("dialect", PATHS)
def test_none_that_reached_the_registry_is_missing_from_the_books(house: House, dialect: str) -> None:
    """Floods of refusals share rows, which say how many they were."""

    def counted() -> int:
        rows = house.serving.rows()
        return sum(row["requests"] for row in rows if row["status"] == "refused" and row["dialect"] == dialect)

    cases = list(prepared(dialect)) * 3
    before = counted()
    for case in cases:
        house.post(PATHS[dialect], content=case.body)

    deadline = time.monotonic() + 5
    while counted() < before + len(cases) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert counted() == before + len(cases)


@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize("stream", [False, True])
def test_over_the_window_both_numbers_are_told(house: House, path: str, stream: bool) -> None:
    error = refused(house.ask(path, "narrow", "word " * 300, stream=stream))

    assert re.search(r"has \d{3} tokens.*narrow holds 200\.", error["message"])


@pytest.mark.parametrize("dialect", PATHS)
def test_near_an_unknown_name_are_those_that_exist(house: House, dialect: str) -> None:
    error = refused(house.ask(PATHS[dialect], "gpt-4o-minim"))

    assert error["hint"].startswith("Did you mean gpt-4o-mini or ")


@pytest.mark.parametrize("path", PATHS.values())
def test_a_result_for_a_call_that_nobody_made_is_refused_by_the_vendor(house: House, path: str) -> None:
    messages = [{"role": "user", "content": "x"}, {"role": "tool", "tool_call_id": "c", "content": "x"}]

    answer = house.post(path, {"model": "gpt-4o-mini", "messages": messages})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "provider_refused")


class TestSize:
    @pytest.mark.parametrize("path", PATHS.values())
    def test_more_than_32_megabytes_by_their_length(self, house: House, path: str) -> None:
        answer = house.post(path, content=b" " * (33 * MEGABYTE))

        assert (answer.status_code, refused(answer)["code"]) == (413, "request_too_large")

    @pytest.mark.parametrize("path", PATHS.values())
    def test_more_than_32_megabytes_in_chunks(self, house: House, path: str) -> None:
        answer = house.post(path, content=itertools.repeat(b" " * MEGABYTE, 33))

        assert (answer.status_code, refused(answer)["code"]) == (413, "request_too_large")

    def test_just_as_much_is_read(self, house: House) -> None:
        body = json.dumps(question("words", "hello")).encode()

        answer = house.post(NATIVE, content=body + b" " * (32 * MEGABYTE - len(body)))

        assert answer.json()["content"] == "hello"

    def test_a_body_that_never_ends_is_cut_off(self, house: House) -> None:
        with send(house, request(NATIVE, b"", f"content-length: {1 << 40}")) as line:
            assert 128 <= self.poured(line) < 256

    def poured(self, line: socket.socket) -> int:
        """Megabytes until the other side would have no more."""
        for sent in range(1024):
            try:
                line.sendall(b" " * MEGABYTE)
            except OSError:
                return sent
        raise AssertionError("it takes everything")


class TestStrangeLetters:
    """A NUL is a letter in JSON, and none in PostgreSQL."""

    @pytest.mark.parametrize("path", PATHS.values())
    @pytest.mark.parametrize("stream", [False, True])
    def test_they_are_served_and_kept(self, house: House, path: str, stream: bool) -> None:
        text = f"a\0b \x1b[31m \u2028 \uffff \U0010ffff {uuid4()}"
        said = {"metadata": {"user_id": text, "session_id": text, "request_id": text, "tags": {text: text}}}
        body = question("gpt-4o-mini", text, stream=stream, **(said if path == NATIVE else {"gatehouse": said}))

        answer = house.post(path, body)

        assert answer.status_code == 200
        assert house.received(text).json["messages"][0]["content"] == text
        row = house.row(answer.headers["x-request-id"])
        assert row["status"] == "ok"
        assert row["user_id"] == text.replace("\0", "\\u0000")

    def test_a_name_of_many_letters_comes_back_whole(self, house: House) -> None:
        answer = house.ask(NATIVE, "gpt-4o-mini", metadata={"request_id": "é" * 256})

        assert answer.json()["request_id"] == "é" * 256

    @pytest.mark.parametrize("model", ["gpt-4o-mini", "words"])
    def test_an_unknown_field_of_any_name_goes_into_no_header_unchecked(self, house: House, model: str) -> None:
        answer = house.post(OPENAI, question(model) | {"a\r\nset-cookie: b\0é": 1})

        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers


class TestHttp:
    @pytest.mark.parametrize("path", PATHS.values())
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
    def test_another_method_is_told_which_is_right(self, house: House, path: str, method: str) -> None:
        answer = house.client.request(method, f"{house.url}{path}")

        assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
        if method != "HEAD":
            assert refused(answer)["code"] == "method_not_allowed"

    @pytest.mark.parametrize(
        "path", ["/v1/chat/completions/", "/v1/completions", "/api/v1/nothing/", "/v1/", "/api/v2/x"]
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_another_address_leads_nowhere(self, house: House, path: str, method: str) -> None:
        answer = house.client.request(method, f"{house.url}{path}", content=b"{}" if method == "POST" else None)

        assert (answer.status_code, refused(answer)["code"]) == (404, "not_found")

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
    @pytest.mark.parametrize("path", PATHS.values())
    def test_a_compressed_body_is_not_unpacked(self, house: House, path: str, encoding: str) -> None:
        body = gzip.compress(json.dumps(question("gpt-4o-mini")).encode())

        answer = house.post(path, content=body, headers={"content-encoding": encoding})

        assert (answer.status_code, refused(answer)["code"]) == (415, "unsupported_encoding")

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"content-type": "text/plain"},
            {"content-type": "application/x-www-form-urlencoded"},
            {"content-type": "multipart/form-data; boundary=x"},
            {"content-type": "application/json; charset=utf-7"},
            {"content-encoding": "identity"},
            {"accept": "image/png"},
        ],
    )
    @pytest.mark.parametrize("path", PATHS.values())
    def test_json_is_json_whatever_it_is_called(self, house: House, path: str, headers: dict[str, str]) -> None:
        body = json.dumps(question("gpt-4o-mini")).encode()

        assert house.post(path, content=body, headers=headers).status_code == 200

    def test_a_body_may_wait_until_it_is_called_for(self, house: House) -> None:
        """curl asks so before every larger body."""
        body = json.dumps(question("words", "hello")).encode()
        head = request(NATIVE, b"", f"content-length: {len(body)}", "expect: 100-continue", "connection: close")
        with send(house, head) as line:
            assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            line.sendall(body)
            assert b'"content":"hello"' in read_to_end(line)

    @pytest.mark.parametrize("path", ["/ws/v1/nothing/", "/"])
    def test_a_socket_to_nowhere_is_refused(self, house: House, path: str) -> None:
        upgrade = ("connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13")
        key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
        with send(house, request(path, b"", *upgrade, key, method="GET")) as line:
            assert read_to_end(line).startswith(b"HTTP/1.1 403 ")

    def test_who_leaves_in_the_middle_of_a_body_leaves_nothing_behind(self, house: House) -> None:
        before = len(house.serving.rows())
        with send(house, request(NATIVE, b'{"model"', "content-length: 1000")):
            pass

        assert house.ask(NATIVE, "gpt-4o-mini").status_code == 200
        assert len(house.serving.rows()) == before + 1
