"""`manage.py serve`: the web process, or several behind one socket."""

from __future__ import annotations

import logging
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import demo, entry, env, server, supervisor, worker_metrics

logger = logging.getLogger(__name__)

LONELY = (
    "{workers} workers need REDIS_URL: without Redis, caches, rates and breakers live in one process, and several "
    "would each count for themselves. Set REDIS_URL, or serve with --workers 1."
)
TAKEN = "Cannot listen on {host} port {port}: {reason}. Choose another with --port or PORT."


class Command(BaseCommand):
    help = "Serves the gateway until SIGTERM or SIGINT; a second one hurries."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="default: PORT, else 8000")
        parser.add_argument("--workers", type=int, default=settings.WEB_CONCURRENCY, help="default: WEB_CONCURRENCY")
        parser.add_argument("--demo", action="store_true", help="first prepare the database, then print a way in")
        parser.add_argument("--fd", type=int, help="listen on this inherited socket; for the parent of many workers")

    def handle(self, *args: Any, **options: Any) -> None:
        supervisor.follow_parent()
        host, port, workers = options["host"], options["port"], options["workers"]
        if options["fd"] is not None:
            self.serve(socket.socket(fileno=options["fd"]), workers)
            return
        if workers > 1 and not settings.REDIS_URL:
            raise CommandError(LONELY.format(workers=workers))
        listener = self.listen(host, port)
        if options["demo"]:
            demo.open_doors(host, port)
        entry.verify()
        worker_metrics.sweep()
        logger.info(
            "Serving on http://%s:%d with %d worker%s", *listener.getsockname()[:2], workers, "s"[: workers > 1]
        )
        if workers > 1:
            sys.exit(self.supervise(listener, workers))
        self.serve(listener, workers)

    def serve(self, listener: socket.socket, workers: int) -> None:
        """Each worker knows how many they are: without Redis' word it takes its share of a limit."""
        settings.WEB_CONCURRENCY = workers
        server.run(listener)

    def listen(self, host: str, port: int) -> socket.socket:
        try:
            return server.listen(host, port)
        except OSError as error:
            raise CommandError(TAKEN.format(host=host, port=port, reason=error.strerror)) from error

    def supervise(self, listener: socket.socket, workers: int) -> int:
        fd = listener.fileno()
        serve = [sys.executable, str(env.ROOT / "manage.py"), "serve", "--fd", str(fd), "--workers", str(workers)]
        worker = supervisor.Command(serve, fds=(fd,))
        parent = supervisor.Supervisor(
            {f"worker {number}": worker for number in range(1, workers + 1)},
            replaces=True,
            patience=server.patience(),
            on_death=worker_metrics.bury,
        )
        return parent.run()
