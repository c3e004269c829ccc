"""Every address of the product."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from analytics.api import RequestListView, RequestView, UsageView
from analytics.metrics import metrics_view
from conversations.api import ConversationListView, ConversationMessagesView, ConversationView, StreamView
from llm.admin.system import system
from llm.surfaces.active import ActiveRequestsView
from llm.surfaces.anthropic import CountTokensView, MessagesView
from llm.surfaces.client_tokens import ClientTokensView
from llm.surfaces.counting import CostEstimateView, TokenCountView
from llm.surfaces.health import HealthView, ReadinessView
from llm.surfaces.models import ModelDetailView, ModelListView
from llm.surfaces.native import GenerateView
from llm.surfaces.openai import ChatCompletionsView, ModelsView, ModelView
from llm.surfaces.providers import ProviderListView, ProviderStatusView, ProviderView
from llm.surfaces.schema import DocsView, SchemaView
from llm.welcome import welcome
from prompts.admin.editor.page import editor
from prompts.admin.editor.preview import preview
from prompts.admin.pages import comparison, example, examples, home, moving, proposals, reading, rules
from prompts.api.examples import ExampleListView, ExampleRunView, ExampleView
from prompts.api.prompts import (
    DifferenceView,
    LabelHistoryView,
    LabelView,
    PromptListView,
    PromptView,
    RenderView,
    VersionListView,
    VersionView,
)
from prompts.api.transfers import ExportView, ImportView
from prompts.playground.lookups import prompt as playground_prompt
from prompts.playground.lookups import prompts as playground_prompts
from prompts.playground.page import playground
from prompts.playground.saving import examples as playground_examples
from prompts.playground.tokens import token as playground_token

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
    path("api/v1/requests/active/", ActiveRequestsView.as_view()),
    path("api/v1/requests/<str:id>/", RequestView.as_view(), name="request"),
    path("api/v1/models/", ModelListView.as_view()),
    path("api/v1/models/<path:name>/", ModelDetailView.as_view()),
    path("api/v1/providers/", ProviderListView.as_view()),
    path("api/v1/providers/<str:name>/", ProviderView.as_view()),
    path("api/v1/providers/<str:name>/status/", ProviderStatusView.as_view()),
    path("api/v1/tokens/count/", TokenCountView.as_view()),
    path("api/v1/cost/estimate/", CostEstimateView.as_view()),
    path("api/v1/client-tokens/", ClientTokensView.as_view()),
    path("api/v1/conversations/", ConversationListView.as_view()),
    path("api/v1/conversations/<str:id>/", ConversationView.as_view()),
    path("api/v1/conversations/<str:id>/messages/", ConversationMessagesView.as_view()),
    path("api/v1/conversations/<str:id>/stream", StreamView.as_view()),
    path("api/v1/prompts/", PromptListView.as_view()),
    path("api/v1/prompts/export/", ExportView.as_view()),
    path("api/v1/prompts/import/", ImportView.as_view()),
    path("api/v1/prompts/<str:name>/", PromptView.as_view()),
    path("api/v1/prompts/<str:name>/render/", RenderView.as_view()),
    path("api/v1/prompts/<str:name>/versions/", VersionListView.as_view()),
    path("api/v1/prompts/<str:name>/versions/<int:number>/", VersionView.as_view()),
    path("api/v1/prompts/<str:name>/versions/<int:number>/diff/<int:other>/", DifferenceView.as_view()),
    path("api/v1/prompts/<str:name>/examples/", ExampleListView.as_view()),
    path("api/v1/prompts/<str:name>/examples/run/", ExampleRunView.as_view()),
    path("api/v1/prompts/<str:name>/examples/<int:number>/", ExampleView.as_view()),
    path("api/v1/prompts/<str:name>/labels/<str:label>/", LabelView.as_view()),
    path("api/v1/prompts/<str:name>/labels/<str:label>/history/", LabelHistoryView.as_view()),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(url_name="schema")),
    path("metrics", metrics_view),
    path("admin/welcome/<str:token>/", welcome, name="welcome"),
    path("admin/system/", system, name="system"),
    path("admin/prompts/prompt/<int:pk>/", home.home, name="prompt"),
    path("admin/prompts/prompt/<int:pk>/edit/", editor, name="prompt-edit"),
    path("admin/prompts/prompt/<int:pk>/preview/", preview, name="prompt-preview"),
    path("admin/prompts/prompt/<int:pk>/versions/<int:number>/", reading.version, name="prompt-version"),
    path("admin/prompts/prompt/<int:pk>/duplicate/", home.duplicate, name="prompt-duplicate"),
    path("admin/prompts/prompt/<int:pk>/archive/", home.archive, name="prompt-archive"),
    path("admin/prompts/prompt/<int:pk>/rules/", rules.rules, name="prompt-rules"),
    path("admin/prompts/prompt/<int:pk>/examples/", examples.examples, name="prompt-examples"),
    path("admin/prompts/prompt/<int:pk>/examples/add/", example.example, name="prompt-example-new"),
    path("admin/prompts/prompt/<int:pk>/examples/run/", examples.run, name="prompt-examples-run"),
    path("admin/prompts/prompt/<int:pk>/examples/runs/<int:number>/", examples.outcome, name="prompt-run"),
    path("admin/prompts/prompt/<int:pk>/examples/<int:number>/", example.example, name="prompt-example"),
    path("admin/prompts/prompt/<int:pk>/examples/<int:number>/delete/", example.delete, name="prompt-example-delete"),
    path("admin/prompts/prompt/<int:pk>/compare/", comparison.compare, name="prompt-compare"),
    path(
        "admin/prompts/prompt/<int:pk>/diff/<int:number>/<int:other>/", comparison.comparison, name="prompt-difference"
    ),
    path("admin/prompts/prompt/<int:pk>/labels/", moving.other, name="prompt-label"),
    path("admin/prompts/prompt/<int:pk>/labels/<str:label>/", moving.history, name="prompt-history"),
    path("admin/prompts/prompt/<int:pk>/labels/<str:label>/move/", moving.moving, name="prompt-move"),
    path("admin/prompts/prompt/<int:pk>/labels/<str:label>/protection/", rules.protection, name="prompt-protection"),
    path("admin/prompts/prompt/<int:pk>/proposals/<int:number>/", proposals.proposal, name="prompt-proposal"),
    path("admin/", admin.site.urls),
    path("playground/", playground, name="playground"),
    path("playground/token/", playground_token, name="playground-token"),
    path("playground/prompts/", playground_prompts, name="playground-prompts"),
    path("playground/prompts/<int:pk>/", playground_prompt, name="playground-prompt"),
    path("playground/examples/", playground_examples, name="playground-examples"),
]
