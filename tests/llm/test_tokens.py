from __future__ import annotations

import base64
import subprocess
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm import tokens
from llm.tokens import bound, count, count_text, estimate, estimate_request, vocabulary_of
from llm.types import (
    Audio,
    File,
    Image,
    Message,
    Opaque,
    Options,
    Part,
    Reasoning,
    Refusal,
    Request,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
)

PROSE = "A gateway stands between those who ask and those who answer, and writes down what each of them said. " * 5
SAMPLES = {
    "prose": PROSE,
    "code": "def settle(verdict: Verdict, maximum: int) -> Admission:\n    return Admission(maximum - verdict.used)\n"
    * 5,
    "json": '{"id": 17, "name": "thing 17", "tags": ["a", "b"], "price": 12.50, "ok": true},\n' * 5,
    "German": "Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung. " * 5,
    "French": "Les hommes naissent et demeurent libres et égaux en droits, en toute circonstance. " * 5,
    "Russian": "Все люди рождаются свободными и равными в своем достоинстве и правах. " * 5,
    "Chinese": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心。" * 5,
    "Japanese": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。" * 5,
}


def request(*parts: Part, **options: object) -> Request:
    return Request([Message("user", list(parts))], options=Options(**options))  # type: ignore[arg-type]  # test's own


@given(st.text(max_size=400))
def test_a_text_has_never_more_tokens_than_bytes(text: str) -> None:
    assert count(request(Text(text)), "gpt-4o") <= bound(request(Text(text)))
    assert count(request(Text(text)), "gpt-4") <= bound(request(Text(text)))
    assert estimate_request(request(Text(text))) <= bound(request(Text(text)))


def test_lone_surrogates_and_special_tokens_are_text_like_any_other() -> None:
    assert count_text("<|endoftext|>", "gpt-4o") > 1
    assert bound(request(Text("a\ud800b"))) >= count(request(Text("a\ud800b")), "gpt-4o") > 0
    assert estimate_request(request(Opaque({"text": "\ud800", "number": 2**80}))) > 0


@pytest.mark.parametrize(
    "heavier",
    [
        request(Text("Hello, you"), Text("and you")),
        request(Text("Hello"), Refusal("I would rather not say.")),
        request(Text("Hello"), Reasoning("Somebody says hello.")),
        request(Text("Hello"), ToolCall("call_1", "weather", '{"city": "Paris"}')),
        request(Text("Hello"), Opaque({"type": "server_tool_result", "content": "sunny"})),
        request(Text("Hello"), Image("https://example.org/a.png")),
        request(Text("Hello"), Audio("UklGRg" * 200, "wav")),
        request(Text("Hello"), File(file_id="file-1")),
        request(Text("Hello"), File(url="data:application/pdf;base64," + "JVBERi" * 2_000)),
        request(Text("Hello"), tools=[Tool("weather", "Tells the weather.", {"type": "object"})]),
        request(Text("Hello"), response_format=ResponseFormat("json_schema", {"type": "object"})),
        Request([Message("user", [Text("Hello")], name="Ada")]),
        Request([Message("user", [Text("Hello")])], extra={"prediction": {"content": "Hello, Ada"}}),
        Request([Message("system", [Text("")]), Message("user", [Text("Hello")])]),
    ],
)
def test_everything_that_reaches_the_model_has_its_weight(heavier: Request) -> None:
    plain = request(Text("Hello"))
    assert bound(heavier) > bound(plain)
    assert estimate_request(heavier) > estimate_request(plain)
    assert count(heavier, "gpt-4o") > count(plain, "gpt-4o")
    assert bound(heavier) >= max(estimate_request(heavier), count(heavier, "gpt-4o"))


def test_an_image_is_bounded_by_the_dearest_vendor() -> None:
    assert bound(request(Image("data:image/png;base64,AAAA"))) >= 2_833 + 8 * 5_667


def test_a_file_is_bounded_by_its_pages_and_not_by_its_bytes() -> None:
    """A vendor reads each as a picture, which has 1,500 tokens and more."""
    page = b"3 0 obj<</Type/Page/Parent 2 0 R>>endobj\n"
    packed = base64.b64encode(b"%PDF-1.4\n" + page * 100).decode()
    assert bound(request(File(url=f"data:application/pdf;base64,{packed}"))) >= 100 * 1_500
    assert bound(request(File(url=f"data:text/plain;base64,{packed}"))) < 2 * len(packed)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
        {"type": "document", "source": {"type": "content", "content": [{"source": {"url": "https://a.example"}}]}},
    ],
)
def test_what_a_block_of_another_kind_refers_to_has_its_weight(block: dict[str, Any]) -> None:
    assert bound(request(Opaque(block))) >= bound(request(File(file_id="file_1")))
    said_by_a_model = Request([Message("assistant", [Opaque(block)])])
    assert bound(said_by_a_model) < 1_000, "a link in what it found is text"
    assert bound(request(Opaque({"type": "image", "url": "data:image/png;base64,AAAA"}))) < 1_000
    assert bound(request(Opaque({"type": "tool_reference", "tool_name": "weather"}))) < 1_000


@pytest.mark.parametrize(("model_name", "frame"), [("gpt-4o", 3), ("gpt-4", 3), ("gpt-5-mini", 2), ("o3-mini", 2)])
def test_the_count_is_that_of_openai(model_name: str, frame: int) -> None:
    """Four tokens around each message, one more before a name, and the frame; held against vendors' real usage."""
    turns = [Message("user", [Text("hello world")], name="Ada"), Message("assistant", [Text("hello world")])]
    assert count(Request(turns), model_name) == (4 + 2 + 1 + 1) + (4 + 2) + frame


@pytest.mark.parametrize(
    ("model_name", "vocabulary"),
    [
        ("gpt-4o-mini", "o200k_base"),
        ("gpt-4.1", "o200k_base"),
        ("gpt-5.2-mini", "o200k_base"),
        ("o3", "o200k_base"),
        ("o4-mini-2025-04-16", "o200k_base"),
        ("chatgpt-4o-latest", "o200k_base"),
        ("openai/gpt-oss-120b", "o200k_base"),
        ("ft:gpt-4o-mini:acme::x", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("GPT-4-turbo", "cl100k_base"),
        ("gpt-3.5-turbo", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("claude-haiku-4-5", None),
        ("gemini-flash", None),
        ("ollama-7b", None),
        ("", None),
    ],
)
def test_a_model_has_the_vocabulary_of_its_family(model_name: str, vocabulary: str | None) -> None:
    assert vocabulary_of(model_name) == vocabulary


def test_other_vendors_models_are_estimated() -> None:
    asked = request(Text(PROSE))
    assert count(asked, "claude-haiku-4-5") == estimate_request(asked)
    assert count_text(PROSE, "claude-haiku-4-5") == estimate(PROSE)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_estimate_is_within_a_quarter_of_the_truth(name: str) -> None:
    assert estimate(SAMPLES[name]) == pytest.approx(count_text(SAMPLES[name], "gpt-4o"), rel=0.25)


def test_a_sample_speaks_for_a_long_text() -> None:
    text = "".join(SAMPLES.values()) * 40
    assert estimate(text) == pytest.approx(count_text(text, "gpt-4o"), rel=0.25)
    assert estimate("") == 0


def test_a_very_long_text_is_counted_whole() -> None:
    assert count_text("hello " * 400_000, "gpt-4o") == pytest.approx(400_000, abs=2)


def test_importing_loads_no_vocabulary() -> None:
    """Neither does bounding or estimating: only the first count does, and without the package's own copies."""
    script = (
        "import sys; from llm import tokens; from llm.types import *\n"
        "asked = Request([Message('user', [Text('Hello')])])\n"
        "tokens.bound(asked); tokens.count(asked, 'claude')\n"
        "assert not tokens._bindings.cache_info().currsize and not tokens._counter.cache_info().currsize\n"
        "tokens.count(asked, 'gpt-4o')\n"
        "assert 'bpe_openai' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_threads_that_count_first_at_once_agree() -> None:
    tokens._counter.cache_clear()
    counted: list[int] = []
    threads = [threading.Thread(target=lambda: counted.append(count_text("hello world", "gpt-4o"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [2, 2, 2, 2]
