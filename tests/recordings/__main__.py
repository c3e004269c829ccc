"""`RECORDINGS=FOLDER python -m tests.recordings`: how many recorded answers come through as they were, by endpoint."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.recordings.asking import outcomes
from tests.recordings.cases import ENDPOINTS, load
from tests.recordings.judging import CLASSES, HINTS
from tests.recordings.known import KNOWN


def main() -> int:
    cases = load()
    if not cases:
        print("RECORDINGS names no folder of recordings.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="gatehouse-recordings-") as folder:
        found = outcomes(cases, Path(folder))
    asked = Counter(outcome.case.endpoint for outcome in found)
    agreed = Counter(outcome.case.endpoint for outcome in found if not outcome.reasons)
    for endpoint in ENDPOINTS:
        print(f"{endpoint:20} {agreed[endpoint]:4} of {asked[endpoint]:4}")
    print(f"{'all':20} {agreed.total():4} of {asked.total():4}")
    for outcome in found:
        if outcome.reasons:
            print(f"\n{outcome.case.id}: {KNOWN.get(outcome.case.id, 'not explained')}")
            print("".join(f"  {reason}\n" for reason in outcome.reasons), end="")
    print("\nerrors, the recordings' word and our codes:")
    for word, codes in {**CLASSES, **{f"hint {hint}": {code} for hint, code in HINTS.items()}}.items():
        print(f"  {word:22} {', '.join(sorted(codes))}")
    return 0 if agreed.total() == asked.total() else 1


if __name__ == "__main__":
    sys.exit(main())
