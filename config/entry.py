"""What every entry point makes sure of before it serves: the database answers, and its secrets are ours."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db import DatabaseError, connections

from llm.models.keyring import SecretsMismatch, verify_fingerprint


def verify() -> None:
    """Leaves no connection behind for children to inherit."""
    try:
        verify_fingerprint()
    except SecretsMismatch as mismatch:
        raise CommandError(str(mismatch)) from None
    except DatabaseError as error:
        about = str(error).strip().splitlines()[0]
        raise CommandError(f"The database is away, or `manage.py migrate` has not run: {about}") from None
    finally:
        connections.close_all()
