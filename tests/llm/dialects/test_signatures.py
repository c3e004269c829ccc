"""What a vendor signed travels inside an id, and comes out as it went in."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.dialects.signatures import MARK, sign, unsign, unsigned

identities = st.text(max_size=40).filter(lambda text: MARK not in text)
signatures = st.text(min_size=1).filter(lambda text: text.isprintable())


@given(identity=identities, signature=signatures)
def test_what_was_signed_comes_out_again(identity: str, signature: str) -> None:
    assert unsign(sign(identity, signature)) == (identity, signature)


def test_a_signed_id_has_the_letters_that_every_vendor_takes() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", sign("call_1", "a+/b=?>~"))


@pytest.mark.parametrize("identity", ["", "call_1", "toolu_01", f"call_1{MARK}é", f"call_1{MARK}_w", f"call_1{MARK}"])
def test_an_id_that_nobody_signed_stays_as_it_is(identity: str) -> None:
    assert unsigned(identity) in (identity, "call_1")
    assert unsign(identity)[1] is None
