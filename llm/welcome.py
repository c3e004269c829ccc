"""The one-time way into the admin that a start on one's own machine prints: a link that works once, soon, from here.

The link is signed and carries the account's last login, which its use changes: a second use, or the use of an older
link after a newer one, finds another last login. Nothing is stored for it.
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

MINUTES = 15
SALT = "llm.welcome"
BACKEND = "django.contrib.auth.backends.ModelBackend"
PROXY_MARKS = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
REFUSED = (
    f"This link works once, within {MINUTES} minutes, from the machine that printed it. A new start prints another.\n"
)


def path_for(user: User) -> str:
    """The address, below the host, that signs `user` in once."""
    return reverse("welcome", args=[signing.dumps([user.pk, _seen(user)], salt=SALT)])


def administrator() -> User:
    """The first superuser; a new one, `admin` without a password, where there is none."""
    present = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    return present or User.objects.create_superuser(_free_name("admin"), password=None)


@never_cache
@require_GET
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    user = _claimed(token) if settings.WELCOME_REMOTE or _is_local(request) else None
    if user is None:
        return HttpResponse(REFUSED, status=403, content_type="text/plain")
    login(request, user, backend=BACKEND)
    return redirect("admin:index")


def _claimed(token: str) -> User | None:
    """Of several who come with one token at once, the database lets one through."""
    try:
        pk, seen = signing.loads(token, salt=SALT, max_age=MINUTES * 60)
    except signing.BadSignature:
        return None
    last_login = datetime.fromisoformat(seen) if seen else None
    users = User.objects.filter(pk=pk, is_active=True, is_superuser=True)
    won = users.filter(last_login=last_login).update(last_login=timezone.now())
    return users.get() if won else None


def _seen(user: User) -> str | None:
    return user.last_login.isoformat() if user.last_login else None


def _is_local(request: HttpRequest) -> bool:
    """Behind a proxy on this machine every peer looks local: any trace of one refuses."""
    if any(mark in request.headers for mark in PROXY_MARKS):
        return False
    try:
        peer = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return (getattr(peer, "ipv4_mapped", None) or peer).is_loopback


def _free_name(name: str) -> str:
    taken = User.objects.filter(username__startswith=name).count()
    return f"{name}-{taken + 1}" if taken else name
