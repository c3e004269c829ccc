"""Examples of what a prompt is asked and what must be true of its answers, and how versions fared with them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from llm.models.json_text import JsonTextField
from llm.models.money import PicodollarField
from prompts.models.prompts import Prompt


class Example(models.Model):
    """`checks` are those of `prompts.checks`; a run before `changed_at` says nothing of it. `source` is the id of the
    generation it was taken from."""

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="examples")
    name = models.CharField(max_length=200)
    variables: models.TextField[Any, Any] = JsonTextField(default=dict)
    expected = models.TextField(blank=True)
    checks: models.TextField[Any, Any] = JsonTextField(default=list)
    source = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["prompt", "name"], name="example_once")]

    def __str__(self) -> str:
        return self.name


class RunState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Broke off"


class Run(models.Model):
    """One time that examples were tried on one to three versions. `heard_at` is when its process last said that it is
    at work."""

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="runs")
    versions: models.JSONField[list[int], list[int]] = models.JSONField()
    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.RUNNING)
    total = models.PositiveIntegerField()
    author = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    heard_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.prompt}"


class Outcome(models.TextChoices):
    """An error says nothing of the wording: no answer came."""

    PASS = "pass", "Pass"
    FAIL = "fail", "Fail"
    ERROR = "error", "Error"


class Result(models.Model):
    """How one version fared with one example. `failures` are the words of the checks that failed; `cost` is NULL where
    the price is unknown."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="results")
    example = models.ForeignKey(Example, models.CASCADE, related_name="results")
    version = models.PositiveIntegerField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    text: models.TextField[Any, Any] = JsonTextField(default="")
    failures: models.TextField[Any, Any] = JsonTextField(default=list)
    generation_id = models.UUIDField(null=True)
    model = models.CharField(max_length=200, blank=True)
    cost = PicodollarField(null=True)
    total_tokens = models.BigIntegerField(default=0)
    latency_ms = models.FloatField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["run", "example", "version"], name="result_once")]
        indexes = [models.Index(fields=["example", "version", "id"], name="results_of_an_example")]

    def __str__(self) -> str:
        return f"{self.example} by {self.version}: {self.outcome}"
