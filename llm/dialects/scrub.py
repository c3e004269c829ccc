"""Vendors' error texts made fit to be stored and shown: no keys, no control characters, no novels."""

from __future__ import annotations

import re

LONGEST = 500
CONSIDERED = 4_000
"""Cut before the search, far beyond what is kept, so that no half of a key can stand at the end."""

HIDDEN = "[hidden]"
KEY = re.compile(
    r"(?:bearer|basic)\s+[\w.~+/*=-]{6,}"
    r"|\b(?:sk|pk|rk|gsk|xai|ght?|hf|nvapi|pplx|csk|r8|fw|tgp)[-_][\w*.-]{6,}"
    r"|\bAIza[\w*-]{4,}"
    r"|(?<=://)[^\s/@]+(?=@)",
    re.IGNORECASE,
)
LONG = re.compile(r"[\w+/=-]{32,}")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def scrub(text: str) -> str:
    """Hides what looks like a key: known prefixes, credentials, and long tokens of letters and digits."""
    clean = UNPRINTABLE.sub(" ", text[:CONSIDERED])
    clean = LONG.sub(_hide_token, KEY.sub(HIDDEN, clean)).strip()
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"


def _hide_token(match: re.Match[str]) -> str:
    token = match[0]
    random = any(c.isdigit() for c in token) and any(c.isalpha() for c in token)
    return HIDDEN if random else token
