"""What the resources about models and providers answer."""

from __future__ import annotations

from typing import Any, get_args

from rest_framework import serializers

from llm.counting import Method
from llm.routing.circuits import State
from llm.surfaces.shapes import dollars

PLAIN = "Null: unknown."
AS_PLAIN = "Null: as the plain rate."


class RatesSerializer(serializers.Serializer[Any]):
    """Dollars for a million tokens."""

    input = dollars(PLAIN, allow_null=True)
    output = dollars(PLAIN, allow_null=True)
    cached = dollars(AS_PLAIN, allow_null=True)
    cache_write = dollars(AS_PLAIN, allow_null=True)
    batch_input = dollars(AS_PLAIN, allow_null=True)
    batch_output = dollars(AS_PLAIN, allow_null=True)


class LongPromptSerializer(RatesSerializer):
    above = serializers.IntegerField(help_text="Tokens: a longer prompt pays these rates for everything.")


class PricesSerializer(RatesSerializer):
    """Those in force now."""

    currency = serializers.CharField()
    long_prompts = LongPromptSerializer(many=True)


class RouteSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    upstream_model = serializers.CharField(help_text="As the vendor names it.")
    order = serializers.IntegerField(help_text="Lower ones are tried first.")
    weight = serializers.IntegerField(help_text="The share among routes of the same order.")
    prices = PricesSerializer(allow_null=True)


class RetirementSerializer(serializers.Serializer[Any]):
    retires_on = serializers.DateField()
    retired = serializers.BooleanField()
    successor = serializers.CharField(allow_null=True)


class SpreadSerializer(serializers.Serializer[Any]):
    p50_ms = serializers.FloatField()
    p95_ms = serializers.FloatField()


class LatencySerializer(serializers.Serializer[Any]):
    requests = serializers.IntegerField(help_text="That a provider answered.")
    total = SpreadSerializer(allow_null=True)
    first_token = SpreadSerializer(allow_null=True, help_text="Of streams.")


class OfferSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    context_window = serializers.IntegerField(allow_null=True, help_text="Tokens.")
    max_output_tokens = serializers.IntegerField(allow_null=True)
    training_cutoff = serializers.DateField(allow_null=True)
    capabilities = serializers.ListField(child=serializers.CharField(), help_text="None: all are taken to be there.")
    quality = serializers.IntegerField(allow_null=True)
    caching = serializers.BooleanField()
    prices = PricesSerializer(allow_null=True, help_text="Of the route that is tried first.")
    routes = RouteSerializer(many=True)
    fallbacks = serializers.ListField(child=serializers.CharField())
    retirement = RetirementSerializer(allow_null=True)
    latency = LatencySerializer(allow_null=True, help_text="Null: nothing was seen of late.")


class OfferListSerializer(serializers.Serializer[Any]):
    results = OfferSerializer(many=True)


class FeaturesSerializer(serializers.Serializer[Any]):
    streaming = serializers.BooleanField()
    tools = serializers.BooleanField()
    images = serializers.BooleanField()
    caching = serializers.BooleanField()


class ProviderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField()
    default_model = serializers.CharField(allow_null=True)
    features = FeaturesSerializer()
    models = serializers.ListField(child=serializers.CharField(), help_text="Those that this key may use.")


class ProviderListSerializer(serializers.Serializer[Any]):
    results = ProviderSerializer(many=True)


STATES: tuple[str, ...] = get_args(State)


class AllowanceSerializer(serializers.Serializer[Any]):
    """Of requests, as the vendor tells it."""

    limit = serializers.IntegerField()
    remaining = serializers.IntegerField()
    reset = serializers.DateTimeField(allow_null=True)


class ComplaintSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    hint = serializers.CharField(allow_null=True)


class CircuitSerializer(serializers.Serializer[Any]):
    upstream_model = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="When it is tried again.")
    why = serializers.CharField()


class ProviderStatusSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    is_valid = serializers.BooleanField()  # type: ignore[assignment]  # a field, not the base's own
    rate_limit = AllowanceSerializer(allow_null=True)
    circuit = serializers.ChoiceField(STATES, help_text="The worst of its routes'.")
    circuits = CircuitSerializer(many=True, help_text="Those that are not closed.")
    checked_at = serializers.DateTimeField()
    error = ComplaintSerializer(allow_null=True)


class TokenCountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    method = serializers.ChoiceField(get_args(Method))
    fits = serializers.BooleanField(allow_null=True, help_text="With `max`, into the context window; null: unknown.")


class CostEstimateSerializer(serializers.Serializer[Any]):
    cost = dollars("Null: the price is unknown.", allow_null=True)
    currency = serializers.CharField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
