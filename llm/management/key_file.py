"""The key that commands ask with: in a file, since what is typed stays in the shell's history."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import CommandError


def read_key(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        raise CommandError(
            f"No key in {file}: {error.strerror}. Make one: manage.py create_key NAME > FILE, then --key-file FILE."
        ) from None
