"""Every fault: what the fake vendor is told to do, where it cannot be reached, and in which vendors' dialects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VENDORS = ("openai", "anthropic", "google")
Place = Literal["vendor", "spare", "refused", "unknown", "plain", "untrusted", "deaf"]
"""Where the provider's address leads: to the vendor, who has a door for second routes, to nobody who listens, to no
host, to one without TLS, with a certificate that nobody signed, to one who accepts no connection."""


@dataclass(slots=True, frozen=True)
class Fault:
    """`words` are the fake vendor's (tests/upstream/README.md), `what` says the same to people. A slow one is asked
    with little patience."""

    words: str
    what: str
    vendors: tuple[str, ...] = VENDORS
    place: Place = "vendor"
    slow: bool = False


OPENAI, ANTHROPIC, GOOGLE = (vendor for vendor in zip(VENDORS, strict=True))

FAULTS: dict[str, tuple[Fault, ...]] = {
    "Refusals": (
        Fault("status-400", "400"),
        Fault("context-length", "400, too long for the model"),
        Fault("content-filter", "400, filtered"),
        Fault("status-401", "401"),
        Fault("bad-key", "400 for a bad key", GOOGLE),
        Fault("no-credit", "400, the account is empty", ANTHROPIC),
        Fault("status-402", "402"),
        Fault("status-403", "403"),
        Fault("status-404", "404"),
        Fault("html-404", "404, an HTML page"),
        Fault("status-405", "405"),
        Fault("status-408", "408"),
        Fault("status-409", "409"),
        Fault("status-410", "410"),
        Fault("status-413", "413"),
        Fault("status-415", "415"),
        Fault("status-422", "422"),
        Fault("status-422+detail", "422, only `detail`"),
        Fault("status-425", "425"),
        Fault("status-400+should-retry-true", "400 with `x-should-retry: true`"),
        Fault("redirect-302", "302 to another host"),
        Fault("redirect-307", "307 to another host"),
    ),
    "Rate limits and Retry-After": (
        Fault("status-429", "429"),
        Fault("quota", "429, the account is empty", OPENAI),
        Fault("status-429+retry-after-0.05", "429, again in 0.05 s"),
        Fault("status-429+retry-after-ms-50", "429, again in 50 ms"),
        Fault("status-429+retry-after-0", "429, again in 0 s"),
        Fault("status-429+retry-after--5", "429, again in -5 s"),
        Fault("status-429+retry-after-30", "429, again in 30 s"),
        Fault("status-429+retry-after-date-60s", "429, again at a date a minute ahead"),
        Fault("status-429+retry-after-past", "429, again at a date that is past"),
        Fault("status-429+retry-after-ten-years", "429, again in ten years"),
        Fault("status-429+retry-after-garbage", "429, again `soon, perhaps`"),
        Fault("status-429+should-retry-false", "429 with `x-should-retry: false`"),
        Fault("status-429+no-body", "429 without a body"),
        Fault("retry-info-0.05s", "429, 0.05 s told in the error", GOOGLE),
        Fault("retry-info-30s", "429, 30 s told in the error", GOOGLE),
        Fault("status-429+in-a-list", "429, the error in a list", GOOGLE),
        Fault("status-503+retry-after-0.05", "503, again in 0.05 s"),
        Fault("status-503+retry-after-30", "503, again in 30 s"),
    ),
    "The vendor is unwell": (
        Fault("status-498", "498"),
        Fault("status-500", "500"),
        Fault("status-500+no-body", "500 without a body"),
        Fault("status-500+plain-text", "500, plain text"),
        Fault("status-500+error-text", "500, the error a string"),
        Fault("status-501", "501"),
        Fault("status-502", "502"),
        Fault("html-502", "502, an HTML page"),
        Fault("status-503", "503"),
        Fault("status-504", "504"),
        Fault("status-520", "520"),
        Fault("status-524", "524"),
        Fault("status-529", "529"),
    ),
    "Answers that are none": (
        Fault("error-200", "an error in a 200"),
        Fault("error-frame", "an error after the first word"),
        Fault("error-frame+after-0", "an error before the first word"),
        Fault("overloaded-frame", "overloaded before the first word", ANTHROPIC),
        Fault("empty-200", "an empty 200"),
        Fault("status-204+no-body", "204"),
        Fault("empty-object", "`{}`"),
        Fault("empty-choices", "no choices", OPENAI),
        Fault("only-done", "nothing but the end's mark", OPENAI),
        Fault("no-candidates", "no candidates", GOOGLE),
        Fault("html-200", "an HTML page"),
        Fault("status-200+plain-text", "plain text"),
        Fault("bad-json", "JSON that breaks off after the first word"),
        Fault("bad-json+after-0", "JSON that breaks off before it"),
        Fault("bad-gzip", "gzip that is none"),
        Fault("no-http", "no HTTP"),
        Fault("huge-head", "a header of 64 KiB"),
    ),
    "The connection": (
        Fault("", "nobody listens", place="refused"),
        Fault("", "no such host", place="unknown"),
        Fault("", "no TLS where https was asked", place="plain"),
        Fault("", "a certificate that nobody signed", place="untrusted"),
        Fault("reset-first", "reset before the answer"),
        Fault("fin-first", "closed before the answer"),
        Fault("reset-mid+after-0", "reset after the headers"),
        Fault("fin-mid+after-0", "closed after the headers"),
        Fault("reset-mid", "reset after the first word"),
        Fault("fin-mid", "closed after the first word"),
        Fault("cut", "closed inside a chunk"),
        Fault("until-close+fin-mid", "closed after the first word, no length told"),
        Fault("early-end", "a clean end after the first word"),
        Fault("early-end+after-0", "a clean end before it"),
        Fault("no-done", "no mark of the end, all else there", OPENAI),
        Fault("no-stop", "no mark of the end, all else there", ANTHROPIC),
        Fault("fin-after", "closed after the whole answer"),
    ),
    "Time": (
        Fault("", "no connection comes about", place="deaf", slow=True),
        Fault("stall-first", "not a byte", slow=True),
        Fault("stall-head", "half of the headers, then nothing", slow=True),
        Fault("drip-100ms", "a byte in 100 ms", slow=True),
        Fault("stall-body", "the headers, then nothing", slow=True),
        Fault("stall-mid", "the first word, then nothing", slow=True),
        Fault("stall-chunk", "half a chunk, then nothing", slow=True),
        Fault("words-9+gap-1500ms", "a word in 1.5 s, on and on", slow=True),
        Fault("slow-first-200ms", "the first byte after 200 ms", slow=True),
    ),
}
