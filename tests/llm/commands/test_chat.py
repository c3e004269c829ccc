"""The conversation in the terminal: data on standard output, what it took on standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import env
from tests.serving import Serving
from tests.upstream import Upstream


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """An installation with a vendor and a key file; nobody serves it."""
    with Upstream() as vendor:
        made = Serving(tmp_path_factory.mktemp("chat"))
        (made.folder / "demo-key").write_text(made.register(vendor.base_url, ["gpt-4o-mini", "status-401"]))
        yield made


def chat(installed: Serving, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "chat", *arguments]
    return subprocess.run(
        command, env=installed.environment, cwd=env.ROOT, input=typed, text=True, capture_output=True, check=False
    )


def test_the_answer_is_on_standard_output_and_its_price_beside_it(installed: Serving) -> None:
    done = chat(installed, "one two three", "--model", "gpt-4o-mini", "--provider", "fake")

    assert done.stdout.strip() == "one two three"
    assert "gpt-4o-mini from fake · 3 + 3 tokens · $0.00000225 · first token" in done.stderr
    assert done.returncode == 0


def test_what_is_piped_in_is_one_message(installed: Serving) -> None:
    done = chat(installed, "--model", "gpt-4o-mini", "--json", "--max-tokens", "2", typed="one\ntwo three\n")

    answer = json.loads(done.stdout)
    assert (answer["content"], answer["finish_reason"]) == ("one\ntwo", "length")


def test_each_call_has_its_row(installed: Serving) -> None:
    before = len(installed.rows())
    chat(installed, "Hello", "--model", "gpt-4o-mini", "--system", "Be brief.")

    assert len(installed.rows()) == before + 1
    assert installed.rows()[-1]["surface"] == "python"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "gpt-4o-mimi"), "There is no model 'gpt-4o-mimi'. Did you mean gpt-4o-mini?"),
        (("--model", "gpt-4o-mini", "--provider", "fakes"), "There is no provider 'fakes'. Did you mean fake?"),
        (("--model", "status-401"), "The fake upstream answers 401."),
        (("--key-file", "nowhere"), "Make one: manage.py create_key NAME > FILE"),
    ],
)
def test_what_goes_wrong_is_said_with_the_way_on(installed: Serving, arguments: tuple[str, ...], words: str) -> None:
    done = chat(installed, "Hello", *arguments)

    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "Unclosed" not in done.stderr
    assert (done.returncode, done.stdout) == (1, "")


def test_an_unknown_key_is_refused(installed: Serving, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("gh_nobody")

    assert "unknown, expired or disabled" in chat(installed, "Hello", "--key-file", str(tmp_path / "key")).stderr
