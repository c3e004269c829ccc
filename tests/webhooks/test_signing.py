"""The algorithm of Standard Webhooks, held against an independent reading of it, and against its own example."""

from __future__ import annotations

import pytest

from tests.webhooks.receiver import Heard
from webhooks.signing import BadSecret, headers, new_secret


def test_a_signature_is_the_published_one() -> None:
    """The example of the specification's own reference libraries."""
    signed = headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_new_secret_signs_what_its_holder_can_check() -> None:
    secret = new_secret()
    heard = Heard("/", headers("msg_1", 1, b"{}", [secret]), b"{}")
    assert secret != new_secret()
    assert heard.is_signed_with(secret)
    assert not Heard("/", heard.headers, b"{ }").is_signed_with(secret)


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_c2hvcnQ="], ["whsec_not base64!"], ["A" * 44]])
def test_nothing_is_signed_with_a_secret_that_is_none(secrets: list[str]) -> None:
    with pytest.raises(BadSecret):
        headers("msg_1", 1, b"{}", secrets)
