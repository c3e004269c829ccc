"""`python -m config.up`: everything on one machine, the web process and a Celery worker under this one parent.

The parent knows no Django, so that it starts at once and stays small; the web process prepares the database.
"""

from __future__ import annotations

import sys

from config import env
from config.supervisor import Command, Supervisor

CLOSING_SECONDS = 30.0
"""What the children may take beyond the grace time of streams."""

ROOT_IS_FINE = "ignore:You're running the worker with superuser"


def main() -> int:
    port = str(env.integer("PORT", 8000, least=1, most=65535))
    serve = [sys.executable, str(env.ROOT / "manage.py"), "serve", "--demo", "--port", port]
    celery = [sys.executable, "-W", ROOT_IS_FINE, "-m", "celery", "--app", "config.celery", "--quiet"]
    work = [*celery, "worker", "--beat", "--concurrency", "2", "--loglevel", "WARNING"]
    commands = {
        "web process": Command(serve),
        "worker": Command([sys.executable, "-m", "config.after", port, *work]),
    }
    return Supervisor(commands, replaces=False, patience=env.decimal("GRACE_SECONDS", 30) + CLOSING_SECONDS).run()


if __name__ == "__main__":
    sys.exit(main())
