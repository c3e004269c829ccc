"""The base of every row that the snapshot is made of."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction


class Registered(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Django saves and signals in two transactions unless told otherwise; row and stamp belong into one."""
        with transaction.atomic():
            super().save(*args, **kwargs)
