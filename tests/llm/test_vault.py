from __future__ import annotations

import base64
import os

import pytest

from llm import vault
from llm.vault import Unopenable, Vault


def secrets_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def test_what_is_sealed_opens_again_and_does_not_show() -> None:
    box = Vault([secrets_key()])
    sealed = box.seal("sk-canary")
    assert "canary" not in sealed
    assert box.open(sealed) == "sk-canary"


def test_every_listed_key_opens_and_the_first_seals() -> None:
    old, new = secrets_key(), secrets_key()
    resealed = Vault([new, old]).reseal(Vault([old]).seal("secret"))
    assert Vault([new]).open(resealed) == "secret"


def test_a_key_that_is_not_listed_opens_nothing() -> None:
    with pytest.raises(Unopenable):
        Vault([secrets_key()]).open(Vault([secrets_key()]).seal("secret"))


@pytest.mark.parametrize("key", ["", "short", "ÿ" * 44, base64.urlsafe_b64encode(b"x" * 31).decode()])
def test_a_malformed_key_is_refused_in_words(key: str) -> None:
    with pytest.raises(ValueError, match="urlsafe base64 of 32 bytes"):
        Vault([key])


def test_a_new_key_has_the_prefix_and_256_random_bits() -> None:
    first, second = vault.new_key(), vault.new_key()
    assert first.startswith("gh_")
    assert len(base64.urlsafe_b64decode(first.removeprefix("gh_") + "=")) == 32
    assert first != second


def test_a_digest_depends_on_key_and_pepper() -> None:
    digests = {vault.digest(key, pepper) for key in ("gh_a", "gh_b") for pepper in (b"1", b"2")}
    assert len(digests) == 4


def test_a_digest_takes_any_text_a_header_can_hold() -> None:
    assert len(vault.digest("gh_\udcff\x00é", b"pepper")) == 64


def test_a_short_secret_shows_nothing_of_itself() -> None:
    assert vault.last_four("fifteen-letters") == ""
    assert vault.last_four("sixteen-letters!") == "ers!"


def test_fingerprint_and_pepper_have_nothing_in_common() -> None:
    box = Vault([secrets_key()])
    assert box.fingerprints()[0] != box.pepper().hex()
