"""The documentation keeps up with the code: its links lead somewhere, its names exist, its tables miss nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class
from django.urls import URLPattern
from prometheus_client import CollectorRegistry

from analytics.metrics import Families
from analytics.queries import DIMENSIONS
from analytics.shapes import UsageRowSerializer
from config.asgi import SOCKETS
from config.env import ROOT
from config.urls import urlpatterns
from llm.call import Status
from llm.errors import GatewayError, ProviderError
from llm.models import DEFAULT_SCOPES, SCOPES, Kind
from llm.registry_file import shape
from llm.registry_file.readers import Absent, Field, Shape
from llm.surfaces.cors import EXPOSED
from llm.surfaces.dispatcher import KINDS as MESSAGES
from llm.surfaces.line import CODES, INTERNAL
from llm.surfaces.openapi.answers import GenerationSerializer
from llm.surfaces.openapi.options import NATIVE_OPTIONS
from llm.surfaces.openapi.requests import GENERATE
from llm.surfaces.shapes import kinds
from llm.vendors import KEY_NAMES
from llm.wiring import KINDS
from tests import manual

ADDRESSES: list[Any] = urlpatterns
PACKAGES = ("config", "conversations", "llm", "analytics", "prompts", "webhooks")
CODE = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
PLACE = re.compile(r"^(?:config|conversations|llm|analytics|prompts|webhooks|tests|docs)/[\w./-]*$")
BARE = re.compile(r"^\w+\.py$")
CALLED = re.compile(r"^[A-Za-z_][\w.]*\(\)$")
NAMED = re.compile(r"^[A-Z][A-Za-z_]+(?:\.\w+)*$")
CODE_PAGES = [manual.DOCS / "architecture.md", *sorted((manual.DOCS / "decisions").glob("*.md"))]
BESIDE = re.compile(r"`([\w.]+(?:\(\))?)` (?:in |\()`([^`]+\.py)`")
LISTED = re.compile(r"`([^`]+\.py)`: ((?:`[^`]+`(?:, )?)+)")
FOREIGN = {
    *("AsyncOpenAI", "EventSource", "GOOGLE_GENAI_HTTP_CLIENT"),
    *("OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
    *("NaN", "RecursionError", "MIDDLEWARE"),
}
"""Names of others that these pages speak of."""

pages = pytest.mark.parametrize("page", manual.PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def trees() -> Iterator[ast.Module]:
    return (ast.parse(path.read_text()) for path in CODE)


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    astray = [
        f"{target}#{anchor}"
        for target, anchor in manual.links(page)
        if not target.exists() or (anchor and anchor not in manual.anchors(target.read_text()))
    ]
    assert astray == []


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, ahead = set(), [manual.DOCS / "README.md"]
    while ahead:
        if (page := ahead.pop()) not in reached and page.suffix == ".md":
            reached.add(page)
            ahead += [target for target, _ in manual.links(page)]
    assert sorted(set(manual.DOCS.rglob("*.md")) - reached) == []


@pages
def test_every_file_named_exists(page: Path) -> None:
    assert sorted(place for place in set(places(page.read_text())) if not (ROOT / place).exists()) == []


@pytest.mark.parametrize("page", CODE_PAGES, ids=lambda page: page.stem)
def test_every_function_and_class_named_is_in_a_file_named(page: Path) -> None:
    """On the same page; anywhere, where it names none."""
    text = page.read_text()
    files = [path for place in places(text) for path in sources(place)] or CODE
    known = FOREIGN | set(variables()) | {name for path in files for name in defined(path)}
    wanted = {token.removesuffix("()") for token in manual.code(text) if CALLED.match(token) or NAMED.match(token)}
    assert sorted(wanted - known) == []


@pytest.mark.parametrize("page", CODE_PAGES, ids=lambda page: page.stem)
def test_a_file_named_beside_a_name_is_the_one_that_defines_it(page: Path) -> None:
    """As in "`name()` (`file.py`)", "`Name` in `file.py`" and "`file.py`: `name()`, `Name`"."""
    text = full(manual.prose(page.read_text()))
    said = [(name, place) for name, place in BESIDE.findall(text)]
    said += [(name, place) for place, names in LISTED.findall(text) for name in manual.code(names)]
    assert [(name, place) for name, place in said if name.removesuffix("()") not in defined(ROOT / place)] == []


def full(text: str) -> str:
    """With every bare `file.py` in the folder that was named last."""
    folder = ""

    def place(token: re.Match[str]) -> str:
        nonlocal folder
        if PLACE.match(token[1]) and token[1].endswith("/"):
            folder = token[1]
        return f"`{folder}{token[1]}`" if BARE.match(token[1]) else token[0]

    return manual.CODE.sub(place, text)


def places(text: str) -> list[str]:
    return [token for token in manual.code(full(text)) if PLACE.match(token)]


def test_the_picture_names_what_exists() -> None:
    picture = (manual.DOCS / "images" / "way.svg").read_text()
    named = re.findall(r">([\w/]+\.py)<", picture)
    places = [ROOT / name if "/" in name else ROOT / "analytics" / "recorder" / name for name in named]
    assert len(places) > 8
    assert [place for place in places if not place.exists()] == []
    everywhere = {name.rpartition(".")[2] for path in CODE for name in defined(path)}
    assert set(re.findall(r"(\w+)\(\)", picture)) - everywhere == set()


def sources(place: str) -> list[Path]:
    found = ROOT / place
    return sorted(found.rglob("*.py")) if found.is_dir() else [found] if found.suffix == ".py" else []


@cache
def defined(path: Path) -> set[str]:
    """Functions, classes and constants of a module, and the members of its classes."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        names |= set(names_of(node))
        if isinstance(node, ast.ClassDef):
            members = [member for inner in node.body for member in names_of(inner)]
            names |= {*members, *(f"{node.name}.{member}" for member in members)}
    return names


def names_of(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Assign():
            yield from (name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


@cache
def variables() -> dict[str, list[Any]]:
    """The environment's variables by name, each with the constant defaults it is read with."""
    readers = {
        "text",
        "integer",
        "decimal",
        "flag",
        "listing",
        "address",
        "mail_server",
        "networks",
        "folder",
        "secret",
    }
    found: dict[str, list[Any]] = {name: [] for names in KEY_NAMES.values() for name in names}
    for call in (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call)):
        reader = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        match call.args:
            case [ast.Constant(value=str(name)), *rest] if reader in readers and name.isupper():
                found.setdefault(name, []).extend(said.value for said in rest if isinstance(said, ast.Constant))
    return found


def test_the_environment_is_documented_as_it_is_read() -> None:
    private = {"GATEHOUSE_PARENT"}
    assert set(manual.first_codes(manual.page("reference/environment.md"))) == set(variables()) - private


def test_the_environments_defaults_are_the_documented_ones() -> None:
    documented = {
        name: row[1] for row in manual.rows(manual.page("reference/environment.md")) for name in manual.code(row[0])
    }
    wrong = {
        name: default
        for name, defaults in variables().items()
        for default in defaults
        if name in documented and isinstance(default, int | float) and f"{default:g}" not in documented[name]
    }
    assert wrong == {}


def test_every_error_is_documented() -> None:
    page = manual.page("reference/errors.md")
    ours = {(*manual.code(f"{row[0]} {row[1]}"), int(row[2])) for row in manual.rows(manual.section(page, "Ours"))}
    theirs = {
        (*manual.code(f"{row[0]} {row[1]}"), int(row[2]), row[3] == "yes", row[4] == "yes")
        for row in manual.rows(manual.section(page, "The vendor's"))
    }
    errors = [(kind, kind.code) for kind in kinds()] + list(special_codes())
    assert ours == {(code, kind.type, kind.status) for kind, code in errors if kind.source == "gateway"}
    assert theirs == {
        (kind.code, kind.type, kind.status, kind.retryable, kind.retryable or kind.fallback)
        for kind, _ in errors
        if issubclass(kind, ProviderError)
    }


def special_codes() -> Iterator[tuple[type[GatewayError], str]]:
    """Codes that an error is given where it is raised."""
    by_name = {kind.__name__: kind for kind in kinds()}
    for call in (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id in by_name:
            for said in call.keywords:
                if said.arg == "code" and isinstance(said.value, ast.Constant):
                    yield by_name[call.func.id], str(said.value.value)


def test_every_close_code_is_documented_with_the_errors_it_follows() -> None:
    codes = [row[0] for row in manual.rows(manual.section(manual.page("reference/websocket.md"), "Close codes"))]
    assert {str(code) for code in CODES.values()} | {str(INTERNAL)} <= set(codes)
    assert codes == sorted(codes)


def test_every_message_of_the_socket_is_documented() -> None:
    said = manual.first_codes(manual.section(manual.page("reference/websocket.md"), "What a client says"))
    assert [re.findall(r'"type": "(\w+)"', told) for told in said] == [[kind] for kind in MESSAGES]


def test_every_metric_is_documented() -> None:
    families = vars(Families(CollectorRegistry())).values()
    exposed = {"counter": "_total", "gauge": "", "histogram": ""}
    assert {(f"{family._name}{exposed[family._type]}", family._type, *family._labelnames) for family in families} == {
        (manual.code(row[0])[0], row[1], *manual.code(row[2]))
        for row in manual.rows(manual.page("reference/metrics.md"))
    }


@pytest.mark.parametrize(
    ("heading", "fields"),
    [
        ("providers", shape.PROVIDER),
        ("models", shape.MODEL),
        ("routes", shape.ROUTE),
        ("organisations", shape.ORGANISATION),
        ("keys", shape.KEY),
    ],
)
def test_every_field_of_the_registry_file_is_documented(heading: str, fields: Shape) -> None:
    table = manual.rows(manual.section(manual.page("reference/registry.md"), heading))
    assert list(fields) == [name for row in table for name in manual.code(row[0])]
    assert dict.fromkeys(fields, True) == {
        name: tells(row[1], fields[name]) for row in table for name in manual.code(row[0])
    }


def tells(cell: str, field: Field) -> bool:
    """Whether the cell says the field's default, as far as it is a plain one."""
    match field.default:
        case Absent():
            return cell == field.default.value or (field.default is Absent.KEPT and cell == "kept")
        case bool():
            return cell == str(field.default).lower()
        case int() | float():
            return cell == f"{field.default:g}"
        case _:
            return cell not in ("", Absent.REQUIRED.value, Absent.KEPT.value)


def test_the_kinds_of_provider_are_the_documented_ones() -> None:
    table = manual.section(manual.page("reference/registry.md"), "providers")
    (kind,) = (row[2] for row in manual.rows(table) if row[0] == "`kind`")
    known, _, callable_now = kind.partition("Calls go out to")
    assert set(manual.code(known)) == set(Kind.values)
    assert set(manual.code(callable_now)) == set(KINDS)


def test_the_fixed_values_are_the_documented_ones() -> None:
    table = manual.rows(manual.page("reference/settings.md"))
    documented = {manual.code(row[0])[0]: float(row[1]) for row in table}
    assert len(documented) > 40
    assert documented == {name: float(value_of(name)) for name in documented}


def value_of(name: str) -> Any:
    module, _, constant = name.rpartition(".")
    return getattr(import_module(module), constant)


def options(command: BaseCommand) -> set[str]:
    parser = command.create_parser("manage.py", "it")
    return {option for action in parser._actions for option in action.option_strings if option.startswith("--")}


@cache
def command(name: str) -> BaseCommand:
    app = get_commands()[name]
    return app if isinstance(app, BaseCommand) else load_command_class(app, name)


def test_every_command_and_option_is_documented() -> None:
    table = manual.rows(manual.section(manual.page("reference/commands.md"), "manage.py"))
    documented: dict[str, set[str]] = {}
    for name, option, _ in table:
        documented |= {called: set() for called in manual.code(name)}
        documented[list(documented)[-1]] |= set(manual.code(option))
    ours = [name for name, app in get_commands().items() if app in PACKAGES]
    assert documented == {name: options(command(name)) - options(BaseCommand()) for name in ours}


@pages
def test_commands_are_shown_as_they_are(page: Path) -> None:
    """Every `manage.py` that a page shows has that command, and the command those options."""
    shown = re.findall(r"manage\.py ([a-z_]+)\b([^\n`|&>]*)", page.read_text())
    wrong = [name for name, _ in shown if name not in get_commands()]
    wrong += [
        f"{name} {option}"
        for name, rest in shown
        if name in get_commands()
        for option in re.findall(r"--[\w-]+", rest)
        if option not in options(command(name))
    ]
    assert wrong == []


def targets() -> set[str]:
    declared = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared
    return set(declared[1].split())


def test_every_make_target_is_documented() -> None:
    assert targets() == set(manual.first_codes(manual.section(manual.page("reference/commands.md"), "make")))


@pages
def test_make_is_shown_with_targets_that_exist(page: Path) -> None:
    shown = re.findall(r"(?:^|`|[A-Z]+=\S+ )make ((?:[a-z]+ ?)+)", page.read_text(), re.MULTILINE)
    assert {target for words in shown for target in words.split()} - targets() - {"LOCK"} == set()


def test_every_endpoint_is_documented() -> None:
    hidden = {"/admin/welcome/<token>/"}
    addresses = {f"/{re.sub('<[a-z]+:', '<', str(address.pattern))}" for address in [*ADDRESSES, *SOCKETS[:-1]]}
    documented = set(manual.first_codes(manual.section(manual.page("reference/api.md"), "Endpoints")))
    assert documented == addresses - hidden
    assert all(isinstance(address, URLPattern) or str(address.pattern) == "admin/" for address in ADDRESSES)


def test_every_header_a_browser_may_read_is_documented_unless_nothing_sends_it() -> None:
    documented = set(manual.first_codes(manual.section(manual.page("reference/api.md"), "Headers of an answer")))
    sent = {name for name in EXPOSED.split(", ") if not name.endswith("-tokens")}
    assert sent <= documented


def test_every_field_of_the_native_request_is_documented() -> None:
    asked = manual.section(manual.page("reference/api.md"), "The native request")
    names = manual.first_codes(asked)
    assert {name for name in names if re.fullmatch(r"\w+", name)} == {*GENERATE.schema["properties"], *NATIVE_OPTIONS}


def test_every_field_of_the_native_answer_is_documented() -> None:
    answered = manual.section(manual.page("reference/api.md"), "The native answer")
    assert set(manual.first_codes(answered)) == set(GenerationSerializer().fields)


def test_scopes_statuses_and_figures_are_the_documented_ones() -> None:
    page = manual.page("reference/api.md")
    scopes = manual.section(page, "Credentials")
    assert set(SCOPES) <= set(manual.code(scopes))
    assert set(SCOPES) - set(DEFAULT_SCOPES) == {"prompts.write", "prompts.publish", "prompts.secure", "organisation"}
    assert set(get_args(Status)) == set(manual.first_codes(manual.section(page, "Requests")))
    told = set(manual.code(manual.section(page, "Usage")))
    assert set(DIMENSIONS) | set(UsageRowSerializer().fields) - {"key_id", "organisation_id"} <= told


def test_the_container_files_hold_no_default_secret() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "SECRET_KEY", "SECRETS_KEY", "ALLOWED_HOSTS"):
        uses = re.findall(rf"\$\{{{name}\b(..)", compose)
        assert uses
        assert set(uses) == {":?"}
    assert "\nUSER gatehouse\n" in (ROOT / "Dockerfile").read_text()
