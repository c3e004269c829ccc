"""Vendor endpoints and their credentials, as an operator keeps them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from llm import vault
from llm.addresses import BadAddress, check_base_url, host_of
from llm.models import bounds
from llm.models.limited import Limited

SECONDS = [MinValueValidator(0.001, "Must be more than 0."), MaxValueValidator(86_400, "Must be a day at most.")]


class Kind(models.TextChoices):
    OPENAI = "openai", "OpenAI"
    ANTHROPIC = "anthropic", "Anthropic"
    GOOGLE = "google", "Google"
    GROQ = "groq", "Groq"
    OPENROUTER = "openrouter", "OpenRouter"
    COHERE = "cohere", "Cohere"
    DEEPSEEK = "deepseek", "DeepSeek"
    MISTRAL = "mistral", "Mistral"
    OLLAMA = "ollama", "Ollama"
    COMPATIBLE = "compatible", "Another that speaks OpenAI's dialect"
    ECHO = "echo", "Echo, built in"


class Provider(Limited):
    name = models.CharField(max_length=100, unique=True, validators=[bounds.slug_like])
    kind = models.CharField(max_length=20, choices=Kind.choices)
    base_url = models.CharField(max_length=500, blank=True, help_text="Empty: the vendor's own.")
    sealed_secret = models.TextField(blank=True, editable=False)
    secret_last_four = models.CharField(max_length=4, blank=True, editable=False)
    secret_for = models.CharField(max_length=300, blank=True, editable=False)
    secret_set_at = models.DateTimeField(null=True, editable=False)
    organization = models.CharField(max_length=200, blank=True, help_text="The vendor's own name for your account.")
    default_model = models.ForeignKey("llm.Model", models.SET_NULL, null=True, blank=True, related_name="+")
    defaults = models.JSONField(
        default=dict, blank=True, validators=[bounds.json_object], help_text="Options for calls that name none."
    )
    timeout = models.FloatField("total time-out", default=60, validators=SECONDS, help_text="Seconds.")
    connect_timeout = models.FloatField(default=5, validators=SECONDS, help_text="Seconds.")
    first_token_timeout = models.FloatField(default=30, validators=SECONDS, help_text="Seconds.")
    chunk_timeout = models.FloatField(default=30, validators=SECONDS, help_text="Seconds between two chunks.")
    retries = models.PositiveSmallIntegerField(default=3, validators=[MaxValueValidator(10)])
    retry_delay = models.FloatField(
        default=1, validators=[MinValueValidator(0), MaxValueValidator(60)], help_text="Seconds before the first retry."
    )
    interactive_share = models.FloatField(
        default=0.1,
        validators=[MinValueValidator(0), MaxValueValidator(0.9)],
        help_text="The share of its limits that calls of low priority and batches leave to others.",
    )
    streaming = models.BooleanField(default=True)
    tools = models.BooleanField(default=True)
    images = models.BooleanField(default=True)
    caching = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            *bounds.more_than_zero("timeout", "connect_timeout", "first_token_timeout", "chunk_timeout"),
            *bounds.at_least(0, "retry_delay"),
            *Limited.Meta.constraints,
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A secret is never sent to a host it was not given for: a new host forgets it."""
        if self.sealed_secret and not self.has_secret:
            self.set_secret("")
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if not self.base_url:
            if self.kind == Kind.COMPATIBLE:
                raise ValidationError({"base_url": "A compatible provider needs its address."})
            return
        try:
            check_base_url(self.base_url, settings.ALLOWED_PRIVATE_HOSTS)
        except BadAddress as error:
            raise ValidationError({"base_url": f"The address {error}."}) from None

    @property
    def destination(self) -> str:
        """Who gets to see the secret: the host of the address, or the vendor where there is none."""
        return host_of(self.base_url) or self.kind

    @property
    def has_secret(self) -> bool:
        return bool(self.sealed_secret) and self.secret_for == self.destination

    def set_secret(self, secret: str) -> None:
        """Seal `secret` for the address of now; empty forgets the one there is."""
        self.sealed_secret = vault.current().seal(secret) if secret else ""
        self.secret_last_four = vault.last_four(secret)
        self.secret_set_at = timezone.now() if secret else None
        self.secret_for = self.destination if secret else ""

    def opened_secret(self) -> str:
        """Empty where none was given for this destination."""
        return vault.current().open(self.sealed_secret) if self.has_secret else ""
