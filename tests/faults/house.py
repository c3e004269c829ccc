"""One installation with every fault behind it: for each question a model, whose two routes nobody else's circuits and
pauses touch."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from llm.vault import new_key
from tests.databases import migrated_postgres
from tests.faults.faults import FAULTS, VENDORS, Fault, Place
from tests.llm.certificates import self_signed
from tests.llm.surfaces.house import question
from tests.serving import Serving, serving
from tests.upstream import Upstream
from tests.upstream.naming import AS_ASKED

KEY = new_key()
RETRY_DELAY = 0.01
PATIENT = {"retries": 2, "timeout": 20.0, "first_token_timeout": 20.0, "chunk_timeout": 20.0, "connect_timeout": 10.0}
HASTY = {"retries": 1, "timeout": 4.0, "first_token_timeout": 2.5, "chunk_timeout": 2.5, "connect_timeout": 1.0}
PATHS = {"openai": "/v1", "anthropic": "/v1", "google": "/v1beta"}
PRICES = {"input_price": "1", "output_price": "2"}
"""Dollars a million: a millionth for each token that comes in, two for each that goes out."""
SPARE = "words-3"


@dataclass(slots=True, frozen=True)
class Case:
    """One question: `spared` has a second route behind the one that fails."""

    fault: Fault
    vendor: str
    streamed: bool = False
    spared: bool = False

    @property
    def provider(self) -> str:
        """Of the route that fails. Few calls to one may be tried again at once: those that take time have their own."""
        return f"{self.vendor}-{self.fault.place}{f'-{self.fault.words}' if self.fault.slow else ''}".replace("+", "-")

    @property
    def model(self) -> str:
        return f"{self.provider}-{CASES.index(self)}"

    @property
    def upstream_model(self) -> str:
        return f"{AS_ASKED}-{CASES.index(self)}"

    @property
    def patience(self) -> dict[str, Any]:
        return HASTY if self.fault.slow else PATIENT

    @property
    def question(self) -> dict[str, Any]:
        pinned = {} if self.spared else {"provider": self.provider}
        said = f"{SPARE}+{self.fault.words}" if self.fault.words else SPARE
        return question(self.model, said, stream=self.streamed, **pinned)


SPARES = [Case(Fault(SPARE, "nothing", place="spare"), vendor) for vendor in VENDORS]
CASES = [
    Case(fault, vendor, streamed, spared)
    for faults in FAULTS.values()
    for fault in faults
    for vendor in fault.vendors
    for streamed in (False, True)
    for spared in ((False, True) if vendor == fault.vendors[0] else (False,))
]
"""All that is worth asking: whether a second route is tried does not depend on the dialect of the first."""


@contextmanager
def opened() -> Iterator[tuple[Serving, Upstream]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gatehouse-faults-")))
        upstream = stack.enter_context(Upstream())
        places = stack.enter_context(_places(upstream, folder))
        gateway = stack.enter_context(serving(folder, DATABASE_URL=stack.enter_context(migrated_postgres())))
        gateway.apply(_registry(places))
        _multiply(gateway)
        gateway.start()
        yield gateway, upstream


def _registry(places: dict[Place, str]) -> dict[str, Any]:
    heads = {case.provider: case for case in CASES}
    return {
        "providers": [_provider(case, places[case.fault.place]) for case in (*heads.values(), *SPARES)],
        "models": [_model(case) for case in heads.values()],
        "organisations": [{"name": "acme"}],
        "keys": [{"name": "faults", "organisation": "acme", "key": KEY}],
    }


def _provider(case: Case, root: str) -> dict[str, Any]:
    return {
        "name": case.provider,
        "kind": case.vendor,
        "api_key": "sk-faults",
        "base_url": root + PATHS[case.vendor],
        "retry_delay": RETRY_DELAY,
        **case.patience,
    }


def _model(case: Case) -> dict[str, Any]:
    failing = {"provider": case.provider, "upstream_model": AS_ASKED, **PRICES}
    spare = {"provider": f"{case.vendor}-spare", "upstream_model": SPARE, "order": 2, **PRICES}
    return {"name": case.provider, "routes": [failing, spare]}


def _multiply(gateway: Serving) -> None:
    """A model of its own for each case, like the one that is called as its provider. `apply_registry` takes longer: it
    looks at each of them as at a stranger's."""
    with psycopg.connect(gateway.environment["DATABASE_URL"]) as database:
        database.execute("CREATE TEMPORARY TABLE wanted (name text, pattern text, failing text)")
        wanted = [(case.model, case.provider, case.upstream_model) for case in CASES]
        database.cursor().executemany("INSERT INTO wanted VALUES (%s, %s, %s)", wanted)
        for statement in COPIES:
            database.execute(statement)


COPIES: tuple[LiteralString, ...] = (
    """INSERT INTO llm_model SELECT made.* FROM wanted JOIN llm_model model ON model.name = pattern,
    jsonb_populate_record(model, jsonb_build_object('id', nextval('llm_model_id_seq'), 'name', wanted.name)) made""",
    """INSERT INTO llm_route SELECT made.* FROM wanted JOIN llm_model model ON model.name = pattern
    JOIN llm_route route ON route.model_id = model.id JOIN llm_model mine ON mine.name = wanted.name,
    jsonb_populate_record(route, jsonb_build_object('id', nextval('llm_route_id_seq'), 'model_id', mine.id,
    'upstream_model', CASE upstream_model WHEN 'as-asked' THEN failing ELSE upstream_model END)) made""",
    """INSERT INTO llm_routeprice SELECT made.* FROM llm_route route JOIN llm_routeprice price
    ON price.id = (SELECT min(id) FROM llm_routeprice),
    jsonb_populate_record(price, jsonb_build_object('id', nextval('llm_routeprice_id_seq'), 'route_id', route.id)) made
    WHERE NOT EXISTS (SELECT FROM llm_routeprice known WHERE known.route_id = route.id)""",
)


@contextmanager
def _places(upstream: Upstream, folder: Path) -> Iterator[dict[Place, str]]:
    """The roots of the addresses."""
    tls = self_signed(folder, "127.0.0.1").context
    with _answering(_shake_hands(tls)) as untrusted, _answering(_speak_plainly) as plain, _deaf() as deaf:
        yield {
            "vendor": upstream.root_url,
            "spare": upstream.root_url,
            "refused": "http://127.0.0.1:1",
            "unknown": "https://nowhere.invalid",
            "plain": f"https://127.0.0.1:{plain}",
            "untrusted": f"https://127.0.0.1:{untrusted}",
            "deaf": f"http://127.0.0.1:{deaf}",
        }


Answer = Callable[[socket.socket], None]


def _shake_hands(context: ssl.SSLContext) -> Answer:
    return lambda connection: context.wrap_socket(connection, server_side=True).close()


def _speak_plainly(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


@contextmanager
def _answering(answer: Answer) -> Iterator[int]:
    """The port of one who does this with every connection, one after the other."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def accept() -> None:
            with suppress(OSError):  # at the end, when the server is shut down
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        answer(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


@contextmanager
def _deaf() -> Iterator[int]:
    """The port of one who is there and accepts nobody: a queue of one place, which is taken."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as stack:
        port = int(server.getsockname()[1])
        for _ in range(2):
            taken = stack.enter_context(closing(socket.socket()))
            taken.setblocking(False)
            taken.connect_ex(("127.0.0.1", port))
        yield port
