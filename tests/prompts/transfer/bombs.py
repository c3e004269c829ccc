"""Files made to explode, each to be read in a process of its own.

`main` prints, as JSON, the status and the words of the refusal, the seconds of CPU and by how many bytes the process
grew.
"""

from __future__ import annotations

import json
import resource
import sys
import time

from llm.errors import CallerError
from prompts.transfer import read

MANY = 8 * 2**20 - 100
LAUGHS = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))])
BOMBS: dict[str, tuple[int, str, bytes]] = {
    "a billion laughs": (400, "anchors and aliases", LAUGHS.encode()),
    "an anchor nobody uses": (400, "anchors and aliases", b"a: &a b"),
    "a late anchor": (400, "anchors and aliases", b"a:\n" + b" " * MANY + b"&a b"),
    "a call": (400, "type tags", b"a: !!python/object/apply:os.system ['echo']"),
    "an object": (400, "type tags", b"a: !!python/object:prompts.models.Prompt {}"),
    "a tag of YAML itself": (400, "type tags", b"a: !!binary aGVsbG8="),
    "a tag of its own": (400, "type tags", b"a: !mine b"),
    "deep lists": (400, "nested deeper", b"a: " + b"[" * 1_000_000),
    "deep blocks": (400, "nested deeper", b"- " * 500_000),
    "deep objects": (400, "nested deeper", b"a: " + b"{a: " * 200_000),
    "keys of keys": (400, "a key is no text", b"? " * 500_000),
    "a key twice": (400, "a key stands there twice at line 3", b"a: 1\nb: 2\na: 3"),
    "a number for a key": (400, "a key is no text", b"1: a"),
    "a list for a key": (400, "a key is no text", b"? [a]\n: b"),
    "many keys and one twice": (400, "twice", b"".join(b"k%d: 1\n" % n for n in range(90_000)) + b"k1: 2"),
    "many pieces": (400, "too many pieces", b"a: [" + b"1," * (MANY // 2) + b"1]"),
    "many objects": (400, "too many pieces", b"a: [" + b"a: b," * (MANY // 5) + b"1]"),
    "nine megabytes": (413, "bytes of YAML", b"a: " + b"x" * 9 * 2**20),
    "two documents": (400, "single document", b"a: 1\n---\nb: 2"),
    "comments alone": (400, "no object", b"#\n" * (MANY // 2)),
    "directives": (400, "duplicate", b"%YAML 1.2\n" * (MANY // 10)),
    "colons": (400, "not allowed", b":" * MANY),
    "a list": (400, "no object", b"- a"),
    "nothing": (400, "no object", b""),
    "no text": (400, "unacceptable", b"a: \xff\xfe"),
    "a control character": (400, "not allowed", b"a: \x00"),
    "half a character": (400, "Unicode", rb'a: "\ud800"'),
    "JSON with NaN": (400, "not JSON", b'{"a": NaN}'),
    "JSON with a key twice": (400, "twice", b'{"a": 1, "a": 2}'),
    "JSON with half a character": (400, "not JSON", rb'{"a": "\ud800"}'),
    "deep JSON": (400, "deeper", b'{"a":' * 500 + b"1" + b"}" * 500),
}


def main() -> None:
    _, _, raw = BOMBS[sys.argv[1]]
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        read(raw)
        status, said = 200, ""
    except CallerError as error:
        status, said = error.status, error.message
    spent = time.process_time() - begun
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    print(json.dumps({"status": status, "said": said, "seconds": spent, "grown": grown}))
