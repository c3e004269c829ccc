"""What the documentation tells people to type works: run as they would, against a gateway served for it.

JavaScript runs in Node where there is one. Everywhere, what it would send is read out of it and sent from here, so that
without Node only the language goes untried.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from config.env import ROOT
from llm.registry_file import apply, parse
from llm.vendors import CATALOGUE
from tests import manual
from tests.manual import Snippet
from tests.serving import Serving, serving
from tests.upstream import Upstream
from webhooks.signing import headers, new_secret

ADDRESS = "http://127.0.0.1:8000"
TOLD = [ROOT / "README.md", *sorted((manual.DOCS / "tutorials").glob("*.md"))]
HEARS = "--experimental-eventsource"
"""Node 20 to 24 have it, but not unasked."""
SECRETS = {
    "OPENAI_API_KEY": "sk-fake",
    "GROQ_API_KEY": "sk-fake",
    "FRONTEND_KEY": "gh_" + "f" * 40,
    "PAGE_KEY": "gh_" + "p" * 40,
}
SECTIONS = {"providers", "models", "tiers", "organisations", "keys"}
BODY = re.compile(r"JSON\.stringify\((\{.*\})\)")
REQUEST = re.compile(r"const request = (\{.*\});")
FETCHED = re.compile(r'fetch\("([^"]+)"')
DIALLED = re.compile(r'new WebSocket\("([^"]+)"')

MODULE = ("--experimental-websocket", "--input-type=module", "--eval")
"""Node 20 hides its WebSocket behind this word, which later ones take and need not."""


def shown(pages: list[Path], *languages: str) -> list[Snippet]:
    return [snippet for page in pages for snippet in manual.snippets(page, *languages)]


CURLS = [snippet for snippet in shown(TOLD, "sh") if "curl " in snippet.text]
HOW_TO = sorted((manual.DOCS / "how-to").glob("*.md"))
HOOKS = manual.DOCS / "how-to" / "webhooks.md"
ASKED_BY_NAME = manual.DOCS / "how-to" / "prompts.md"
PYTHONS = shown([page for page in (*TOLD, *HOW_TO) if page not in (HOOKS, ASKED_BY_NAME)], "python")
SCRIPTS = shown([page for page in (*TOLD, *HOW_TO) if page != ASKED_BY_NAME], "js")
SOCKETS = [snippet for snippet in SCRIPTS if "new WebSocket" in snippet.text]
FETCHES = [snippet for snippet in SCRIPTS if FETCHED.search(snippet.text)]
TALK = manual.DOCS / "how-to" / "conversations.md"
REGISTRIES = [
    snippet
    for snippet in shown([page for page in manual.PAGES if page.parent.name == "how-to"], "yaml")
    if set(yaml.safe_load(snippet.text)) <= SECTIONS
]


@pytest.fixture(scope="module")
def vendor() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, vendor: Upstream) -> Iterator[Serving]:
    """As after `make run` with OpenAI's key set, but that OpenAI is a fake."""
    with serving(tmp_path_factory.mktemp("docs") / "var", **SECRETS) as installed:
        installed.manage("bootstrap")
        installed.apply(
            {"providers": [{"name": "openai", "kind": "openai", "base_url": vendor.base_url, "api_key": "sk-fake"}]}
        )
        made = json.loads(installed.manage("create_key", "demo", "--json"))
        (installed.folder / "demo-key").write_text(made["key"] + "\n")
        installed.start()
        yield installed


def run(house: Serving, snippet: Snippet, *command: str) -> str:
    """What it prints, in a folder with `var/demo-key` as `make run` leaves it."""
    text = snippet.text.replace(ADDRESS, house.url).replace(ADDRESS.replace("http", "ws"), socket_address(house))
    done = subprocess.run(
        [*command, text], cwd=house.folder.parent, text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def socket_address(house: Serving) -> str:
    return house.url.replace("http", "ws", 1)


def question(text: str) -> str:
    asked = re.search(r'"?content"?: "([^"]+)"', text)
    assert asked
    return asked[1]


def key(house: Serving) -> str:
    return (house.folder / "demo-key").read_text().strip()


def test_each_kind_of_snippet_is_found() -> None:
    assert [len(found) > 0 for found in (CURLS, PYTHONS, FETCHES, SOCKETS, REGISTRIES)] == [True] * 5
    assert {snippet.page.name for snippet in CURLS} == {"README.md", "first-answer.md"}
    assert {snippet.page.name for snippet in PYTHONS} == {
        *("README.md", "first-answer.md", "browser.md", "connect.md", "conversations.md"),
    }


@pytest.mark.parametrize("snippet", CURLS, ids=str)
def test_curl_is_answered(house: Serving, snippet: Snippet) -> None:
    printed = run(house, snippet, "sh", "-ec")
    if "-d " not in snippet.text:
        assert printed.count('"results"') == snippet.text.count("curl ")
        return
    asked = question(snippet.text)
    if '"echo-cut"' in snippet.text:
        assert "event: error" in printed
        assert all(word in printed for word in asked.split()[:3])
    else:
        assert '"error"' not in printed.replace('"error":null', "")
        assert asked in printed


@pytest.mark.parametrize("snippet", PYTHONS, ids=str)
def test_python_gets_its_answer(house: Serving, snippet: Snippet) -> None:
    assert question(snippet.text) in run(house, snippet, sys.executable, "-c")


@pytest.mark.parametrize("snippet", FETCHES, ids=str)
def test_javascript_asks_what_the_gateway_answers(house: Serving, snippet: Snippet) -> None:
    address, body = FETCHED.search(snippet.text), BODY.search(snippet.text)
    assert address
    assert body
    asked = yaml.safe_load(body[1])
    headers = {"Authorization": f"Bearer {key(house)}"}
    answer = httpx2.post(address[1].replace(ADDRESS, house.url), headers=headers, json=asked)
    assert answer.status_code == 200, answer.text
    assert asked["messages"][0]["content"] in answer.text


@pytest.mark.parametrize("snippet", SOCKETS, ids=str)
def test_javascript_asks_over_a_socket_what_the_gateway_answers(house: Serving, snippet: Snippet) -> None:
    address, request = DIALLED.search(snippet.text), REQUEST.search(snippet.text)
    assert address
    assert request
    asked: dict[str, Any] = {"type": "generate", "id": "c1", "request": yaml.safe_load(request[1])}
    dialled = address[1].replace(ADDRESS.replace("http", "ws"), socket_address(house))
    offered = [Subprotocol("gatehouse.v1"), Subprotocol(f"key.{key(house)}")]
    with connect(dialled, subprotocols=offered) as socket:
        socket.send(json.dumps(asked))
        heard = [json.loads(socket.recv(timeout=20))]
        while heard[-1]["type"] not in ("done", "error"):
            heard.append(json.loads(socket.recv(timeout=20)))
    assert heard[-1]["response"]["content"] == asked["request"]["messages"][0]["content"]


@pytest.mark.parametrize("snippet", [*FETCHES, *SOCKETS], ids=str)
def test_javascript_runs_where_there_is_node(house: Serving, snippet: Snippet) -> None:
    """Says nothing on a machine without Node: the project needs none."""
    node = shutil.which("node")
    if node is not None:
        given = Snippet(snippet.page, snippet.language, f'const key = "{key(house)}";\n{snippet.text}')
        printed = run(house, given, node, *MODULE)
        assert question(snippet.text).split() == printed.split()


def test_a_back_end_gets_a_token_as_told(house: Serving) -> None:
    (told,) = manual.snippets(manual.DOCS / "how-to" / "browser.md", "sh")
    made = json.loads(run(house, Snippet(told.page, "sh", f'KEY="{key(house)}"\n{told.text}'), "sh", "-ec"))
    asked = {"model": "echo", "messages": [{"role": "user", "content": "Hello from a user"}]}
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (
        httpx2.post(f"{house.url}/api/v1/generate/", headers=headers, json=asked).json()["content"]
        == "Hello from a user"
    )


@pytest.mark.parametrize("snippet", shown([TALK], "sh"), ids=str)
def test_a_conversation_is_kept_with_curl(house: Serving, snippet: Snippet) -> None:
    printed = run(house, snippet, "sh", "-ec")
    assert '"id":"conv_' in printed or len(re.findall('"content":"Name two more"', printed)) == 3
    assert '"error":{' not in printed


@pytest.mark.parametrize("snippet", shown([TALK], "python"), ids=str)
def test_a_conversation_is_kept_with_python(house: Serving, snippet: Snippet) -> None:
    printed = run(house, snippet, sys.executable, "-c")
    assert printed.split("\n") == ["Name two pets", "user Name two pets", "assistant Name two pets", ""]


@pytest.mark.parametrize("snippet", shown([TALK], "js"), ids=str)
def test_an_event_source_hears_an_answer(house: Serving, snippet: Snippet) -> None:
    """With a client token. Says nothing where there is no Node with an EventSource."""
    node = shutil.which("node")
    if node is None or subprocess.run([node, HEARS, "-e", "EventSource"], capture_output=True, check=False).returncode:
        return
    headers = {"Authorization": f"Bearer {key(house)}"}
    with httpx2.Client(base_url=f"{house.url}/api/v1/", headers=headers) as client:
        name = client.post("conversations/", json={"model": "echo", "metadata": {"user_id": "ada"}}).json()["id"]
        message = client.post(f"conversations/{name}/messages/", json={"content": "Name two pets"}).headers[
            "x-gatehouse-message"
        ]
        token = client.post("client-tokens/", json={"user_id": "ada"}).json()["token"]
    named = {"api": f"{house.url}/api/v1", "conversation": name, "message": message, "token": token}
    given = "".join(f"const {word} = {json.dumps(value)};" for word, value in named.items())
    script = Snippet(snippet.page, snippet.language, f"{given} const show = console.log;\n{snippet.text}")
    assert run(house, script, node, HEARS, "--input-type=module", "--eval").strip() == "Name two pets"


@pytest.fixture(scope="module")
def greeted(house: Serving) -> Serving:
    """With the prompt of the page on git, pushed from a folder as told there."""
    (file,) = manual.snippets(manual.DOCS / "how-to" / "prompts-in-git.md", "yaml")
    folder = house.folder / "prompts-kept"
    folder.mkdir()
    (folder / "greeting.yaml").write_text(file.text)
    house.manage("prompts", "push", str(folder), "--reason", "first")
    assert house.manage("prompts", "diff", str(folder)) == ""
    return house


@pytest.mark.parametrize("snippet", shown([ASKED_BY_NAME], "sh", "python"), ids=str)
def test_a_prompt_is_asked_for_by_name(greeted: Serving, snippet: Snippet) -> None:
    command = ("sh", "-ec") if snippet.language == "sh" else (sys.executable, "-c")
    assert "Greet Ada." in run(greeted, snippet, *command)


def test_javascript_asks_for_a_prompt_by_name(greeted: Serving) -> None:
    """In Node where there is one; everywhere, what it would send is answered."""
    (told,) = manual.snippets(ASKED_BY_NAME, "js")
    body, node = BODY.search(told.text), shutil.which("node")
    assert body
    headers = {"Authorization": f"Bearer {key(greeted)}"}
    answer = httpx2.post(f"{greeted.url}/api/v1/generate/", headers=headers, json=json.loads(body[1]))
    assert answer.json()["content"] == "Greet Ada."
    if node is not None:
        script = Snippet(told.page, told.language, f'const key = "{key(greeted)}";\n{told.text}')
        assert run(greeted, script, node, *MODULE).strip() == "Greet Ada."


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)


@pytest.mark.django_db
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("snippet", REGISTRIES, ids=str)
def test_a_registry_can_be_applied_as_it_stands(snippet: Snippet) -> None:
    """Where every vendor is known that Gatehouse itself knows."""
    for vendor in CATALOGUE.glob("*.yaml"):
        apply(parse(vendor.read_text()))
    outcome = apply(parse(snippet.text))
    assert outcome.changes
    assert [warning for warning in outcome.warnings if "nobody can use it" not in warning] == []
    assert apply(parse(snippet.text)).changes == []


def test_the_server_connected_as_told_answers(house: Serving, vendor: Upstream) -> None:
    (told,) = manual.snippets(manual.DOCS / "how-to" / "connect.md", "yaml")
    house.manage("apply_registry", "-", stdin=told.text.replace("http://127.0.0.1:11434/v1", vendor.base_url))
    asked: dict[str, Any] = {"model": "llama", "messages": [{"role": "user", "content": "Hello, workshop"}]}
    headers = {"Authorization": f"Bearer {key(house)}"}
    answer = httpx2.post(f"{house.url}/api/v1/generate/", headers=headers, json=asked).json()
    assert [(attempt["provider"], attempt["outcome"]) for attempt in answer["metadata"]["attempts"]] == [
        ("workshop", "ok")
    ]
    assert answer["cost"] == "0"


def test_anthropics_client_is_answered_as_told(house: Serving) -> None:
    (told,) = manual.snippets(manual.DOCS / "how-to" / "connect.md", "python")

    assert question(told.text) in run(house, told, sys.executable, "-c")


def signed_by_us() -> tuple[str, dict[str, str], str]:
    """A secret, and the headers and body of a message."""
    secret, body = new_secret(), '{"type": "budget.alert"}'
    return secret, headers("msg_1", int(time.time()), body.encode(), ["whsec_" + "B" * 43 + "=", secret]), body


FALSE = ({"webhook-timestamp": "1614265330"}, {"webhook-id": "msg_2"}, {"webhook-signature": "v1,AAAA v2,BBBB"})
"""What makes the headers of a message wrong."""


def test_python_believes_what_we_signed_and_nothing_else() -> None:
    (told,) = manual.snippets(HOOKS, "python")
    secret, head, body = signed_by_us()
    known: dict[str, Any] = {}
    exec(told.text, known)

    assert known["verified"](head, body.encode(), secret)
    assert not known["verified"](head, body.encode() + b" ", secret)
    assert not known["verified"](head, body.encode(), new_secret())
    assert [known["verified"](head | wrong, body.encode(), secret) for wrong in FALSE] == [False] * len(FALSE)


def test_javascript_believes_what_we_signed_and_nothing_else() -> None:
    """Says nothing on a machine without Node: the project needs none."""
    (told,) = manual.snippets(HOOKS, "js")
    node = shutil.which("node")
    if node is None:
        return
    secret, head, body = signed_by_us()
    asked = [(head, body, secret), (head, body + " ", secret), (head, body, new_secret())]
    asked += [(head | wrong, body, secret) for wrong in FALSE]
    script = f"{told.text}\nconsole.log({json.dumps(asked)}.map(([h, b, s]) => verified(h, Buffer.from(b), s)).join());"
    done = subprocess.run([node, *MODULE, script], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == ",".join(["true", *["false"] * (len(asked) - 1)])


def test_secrets_are_rotated_as_told(tmp_path: Path) -> None:
    told = next(snippet for snippet in manual.snippets(manual.DOCS / "how-to" / "rotate-secrets.md", "sh"))
    new = subprocess.run(["sh", "-ec", told.text], text=True, capture_output=True, check=True).stdout.strip()
    with serving(tmp_path / "var", OPENAI_API_KEY="sk-fake") as installed:
        installed.manage("bootstrap")
        kept = (installed.folder / "secrets").read_text()
        old = re.search(r"^SECRETS_KEY=(.+)$", kept, re.MULTILINE)
        assert old
        installed.environment["SECRETS_KEY"] = f"{new},{old[1]}"
        installed.manage("rotate_secrets")
        installed.environment["SECRETS_KEY"] = new
        assert "no issues" in installed.manage("check", "--database", "default")
        del installed.environment["SECRETS_KEY"]
        with pytest.raises(AssertionError, match="SECRETS_KEY is not the one"):
            installed.manage("check", "--database", "default")
