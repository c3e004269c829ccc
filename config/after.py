"""`python -m config.after PORT COMMAND…`: waits until the web process answers on PORT, then becomes COMMAND.

By then the database is migrated, and a slow machine has had its hands free for the first answer.
"""

from __future__ import annotations

import os
import sys
import time
from http.client import HTTPConnection, HTTPException

PATIENCE = 120.0
PAUSE = 0.1


def main(port: str, *command: str) -> None:
    if not wait_for(int(port)):
        sys.exit(f"The web process does not answer on port {port}.")
    os.execv(command[0], command)  # noqa: S606  # our own command, no shell


def wait_for(port: int) -> bool:
    """Whether it answers before PATIENCE is at an end."""
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
