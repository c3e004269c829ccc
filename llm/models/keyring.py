"""What this database was sealed with: the pepper of the key digests, and fingerprints of the secrets in use."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models

from llm import vault


class SecretsMismatch(Exception):
    """The environment's secrets are not those this database was sealed with; the message names the mend."""


class Keyring(models.Model):
    """One row. The pepper is derived from the first SECRETS_KEY once and then kept sealed, so that gateway keys
    outlive a rotation."""

    sealed_pepper = models.TextField()
    secrets_key = models.CharField(max_length=64)
    secret_key = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(name="one_keyring", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return "keyring"

    @classmethod
    def load(cls) -> Self:
        """The row; made on first need from the secrets of now."""
        box = vault.current()
        row, _ = cls.objects.get_or_create(
            pk=1,
            defaults={
                "sealed_pepper": box.seal(box.pepper().hex()),
                "secrets_key": box.fingerprints()[0],
                "secret_key": vault.fingerprint(settings.SECRET_KEY),
            },
        )
        return row

    @classmethod
    def pepper(cls) -> bytes:
        return cls.load().opened_pepper()

    def opened_pepper(self) -> bytes:
        return bytes.fromhex(vault.current().open(self.sealed_pepper))

    def reseal(self) -> None:
        """Take the environment's secrets of now as this database's."""
        box = vault.current()
        self.sealed_pepper = box.reseal(self.sealed_pepper)
        self.secrets_key = box.fingerprints()[0]
        self.secret_key = vault.fingerprint(settings.SECRET_KEY)
        self.save()


def verify_fingerprint() -> None:
    """For every entry point, before it serves: raises `SecretsMismatch` where the secrets are not this database's."""
    row = Keyring.load()
    if row.secrets_key not in vault.current().fingerprints():
        raise SecretsMismatch(
            "SECRETS_KEY is not the one this database was sealed with: provider secrets and keys could not be read. "
            "Set the former one again (it may be in var/secrets of the first host); to change it, list both, the new "
            "one first and a comma between, and run `manage.py rotate_secrets`."
        )
    if row.secret_key != vault.fingerprint(settings.SECRET_KEY):
        raise SecretsMismatch(
            "SECRET_KEY is not the one this database was set up with: sessions and tokens would be refused. "
            "Set the former one again, or accept the new one with `manage.py rotate_secrets`."
        )
