"""`python -m tests.scans`: what the repository may not hold; `--accept` takes today's secret look-alikes as known."""

from __future__ import annotations

import sys

from tests.scans import locks, secrets, suppressions


def main(arguments: list[str]) -> int:
    if arguments == ["--accept"]:
        secrets.accept()
    faults = [fault for scan in (secrets.scan, suppressions.scan, locks.scan) for fault in scan()]
    print("\n".join(faults) or "No secret, no unexplained suppression, locks in step.")
    return len(faults) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
