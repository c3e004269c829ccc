"""Pages of our own beside the admin's: those that show in full what models and users wrote.

The admin's dress needs `unsafe-eval`, so these do without it. Their policy lets a browser run and load nothing but the
files that this host serves: what somebody manages to inject is text, or nothing.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def styled(nonce: str) -> str:
    """For a page whose script makes styles, which bear the nonce, and asks this host."""
    return POLICY.replace("style-src 'self'", f"style-src 'self' 'nonce-{nonce}'") + "; connect-src 'self'"


def own_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, policy: str = POLICY, status: int = 200
) -> TemplateResponse:
    """`template` extends `pages/base.html`; `title` in `context` names the page."""
    return TemplateResponse(request, template, context, status=status, headers={"Content-Security-Policy": policy})
