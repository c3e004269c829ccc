"""`python -m tests.roles` prints the matrix of roles and pages, `--write` writes it into its page."""

from __future__ import annotations

import argparse
import logging
import os

import django
from django.db import connection
from django.test.utils import setup_test_environment

from tests import environment


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.roles", description=__doc__)
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    setup_test_environment()
    logging.disable()  # each refusal would be a warning
    connection.creation.create_test_db(verbosity=0)
    from tests.roles import matrix  # noqa: PLC0415  # models wait for `setup`

    rows = matrix.asked()
    if wanted.write:
        matrix.write(rows)
    else:
        print(matrix.told(rows))


if __name__ == "__main__":
    assert environment
    main()
