"""The ASGI application: generation on the lean handler, everything else on stock Django, sockets on Channels."""

from __future__ import annotations

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from config.urls import GENERATION  # noqa: E402 - the apps must be ready first
from llm.lifecycle import lifecycle  # noqa: E402 - likewise
from llm.surfaces.handler import GenerationHandler  # noqa: E402 - likewise

stock = get_asgi_application()
generation = GenerationHandler()
