"""`python -m tests.faults` asks every fault and prints the tables, `--write` writes them into their page."""

from __future__ import annotations

import argparse

from tests import environment
from tests.faults import house, table
from tests.faults.asking import outcomes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    with house.opened() as (gateway, upstream):
        found = outcomes(gateway, upstream)
    if wanted.write:
        table.write(found)
    else:
        print(table.told(found))


if __name__ == "__main__":
    assert environment
    main()
