"""Lines to paste for a key that was just made: the same question by curl, Python and JavaScript."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from llm.models import ApiKey, Kind, Route
from llm.models.frozen import KEYLESS

HELLO = "Hello from the gatehouse"


@dataclass(slots=True, frozen=True)
class Snippet:
    title: str
    id: str
    text: str


def snippets(request: HttpRequest, key: ApiKey, secret: str) -> list[Snippet]:
    """Empty where the key may use no model that there is."""
    model = usable_model(key)
    if model is None:
        return []
    base = request.build_absolute_uri("/v1")
    return [
        Snippet("curl", "curl", _curl(base, secret, model)),
        Snippet("Python, with the openai package", "python", _python(base, secret, model)),
        Snippet("JavaScript, with the openai package", "javascript", _javascript(base, secret, model)),
    ]


def usable_model(key: ApiKey) -> str | None:
    """One that the key may ask for and that could answer now; the built-in echo only where there is no other."""
    today = timezone.now().date()
    named = (
        Route.objects.filter(~Q(provider__sealed_secret="") | Q(provider__kind__in=KEYLESS))
        .exclude(model__retires_on__lte=today)
        .order_by("pk")
        .values_list("model__name", "provider__kind")
    )
    names = [name for name, _ in sorted(named, key=lambda route: route[1] == Kind.ECHO)]
    return next((name for name in names if any(fnmatchcase(name, pattern) for pattern in key.models)), None)


def _curl(base: str, secret: str, model: str) -> str:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": HELLO}]})
    return f"""curl {base}/chat/completions \\
  -H "Authorization: Bearer {secret}" \\
  -H "Content-Type: application/json" \\
  -d '{body}'"""


def _python(base: str, secret: str, model: str) -> str:
    return f"""from openai import OpenAI

client = OpenAI(base_url="{base}", api_key="{secret}")
answer = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "{HELLO}"}}],
)
print(answer.choices[0].message.content)"""


def _javascript(base: str, secret: str, model: str) -> str:
    return f"""import OpenAI from "openai";

const client = new OpenAI({{ baseURL: "{base}", apiKey: "{secret}" }});
const answer = await client.chat.completions.create({{
  model: "{model}",
  messages: [{{ role: "user", content: "{HELLO}" }}],
}});
console.log(answer.choices[0].message.content);"""
