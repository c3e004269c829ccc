"""Every address of the product."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from analytics.api import RequestListView, RequestView, UsageView
from analytics.metrics import metrics_view
from llm.surfaces.anthropic import CountTokensView, MessagesView
from llm.surfaces.health import HealthView, ReadinessView
from llm.surfaces.native import GenerateView
from llm.surfaces.openai import ChatCompletionsView, ModelsView, ModelView
from llm.surfaces.schema import DocsView, SchemaView
from llm.welcome import welcome

handler404 = "llm.surfaces.strays.not_found"
handler500 = "llm.surfaces.strays.server_error"

urlpatterns = [
    path("api/v1/generate/", GenerateView.as_view()),
    path("v1/chat/completions", ChatCompletionsView.as_view()),
    path("v1/messages", MessagesView.as_view()),
    path("v1/messages/count_tokens", CountTokensView.as_view()),
    path("healthz", HealthView.as_view()),
    path("readyz", ReadinessView.as_view()),
    path("v1/models", ModelsView.as_view()),
    path("v1/models/<path:name>", ModelView.as_view()),
    path("api/v1/usage/", UsageView.as_view()),
    path("api/v1/requests/", RequestListView.as_view()),
    path("api/v1/requests/<str:id>/", RequestView.as_view(), name="request"),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(url_name="schema")),
    path("metrics", metrics_view),
    path("admin/welcome/<str:token>/", welcome, name="welcome"),
    path("admin/", admin.site.urls),
]
