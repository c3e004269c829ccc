"""What may stand in the log: our own words and others' warnings, and never a credential."""

from __future__ import annotations

import logging
import re

OURS = frozenset({"analytics", "conversations", "celery", "config", "django", "llm", "prompts", "uvicorn"})

CREDENTIAL = re.compile(
    r"""
      (?P<shape> \b (?:ght?_|sk-|sk_|gsk_|xai-|AIza) ) [\w-]{6,}    # a gateway's or a vendor's key
    | (?P<field> (?:\bbearer\s+|x-(?:goog-)?api-key\W{1,4}) ) [^\s'",]{6,}
    | (?P<user> ://[^\s/:@]* : ) [^\s/@]+ (?=@)                   # a password inside a URL
    """,
    re.IGNORECASE | re.VERBOSE,
)


class OursOrWarnings(logging.Filter):
    """Below a warning only OURS may speak: at their debug level vendors' SDKs log whole requests, keys included."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.name.partition(".")[0] in OURS


class Redacted(logging.Formatter):
    """Formats as ever, tracebacks included, then blanks what looks like a credential."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def redact(line: str) -> str:
    return CREDENTIAL.sub(lambda match: f"{match.group(match.lastgroup or 0)}…", line)
