"""`manage.py up`: everything on one machine. Prepares the database, then keeps web and Celery worker together."""

from __future__ import annotations

import io
import sys
import threading
import time
from argparse import ArgumentParser
from http.client import HTTPConnection, HTTPException
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from config import demo, entry, env, server, supervisor

HOST = "127.0.0.1"
START_SECONDS = 60.0
ROOT_IS_FINE = "ignore:You're running the worker with superuser"


class Command(BaseCommand):
    help = "Migrates, bootstraps, then runs web and worker until a signal, or until one of them ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT, help="default: PORT, else 8000")

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"]
        self.prepare()
        banner = demo.banner(f"http://{HOST}:{port}")
        connections.close_all()
        parent = supervisor.Supervisor(self.commands(port), replaces=False, patience=server.patience() + 5)
        greeter = threading.Thread(target=self.greet, args=(port, banner), daemon=True)
        sys.exit(parent.run(when_started=greeter.start))

    def prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        entry.verify()
        call_command("bootstrap", stdout=io.StringIO())

    def commands(self, port: int) -> dict[str, supervisor.Command]:
        manage = [sys.executable, str(env.ROOT / "manage.py")]
        celery = [sys.executable, "-W", ROOT_IS_FINE, "-m", "celery", "--app", "config.celery", "--quiet"]
        return {
            "web process": supervisor.Command([*manage, "serve", "--port", str(port)]),
            "worker": supervisor.Command([*celery, "worker", "--beat", "--concurrency", "2", "--loglevel", "WARNING"]),
        }

    def greet(self, port: int, banner: str) -> None:
        """Prints the banner as soon as the web process answers."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if answers(port):
                print(banner, flush=True)
                return
            time.sleep(0.1)


def answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
