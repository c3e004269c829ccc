"""The registry's tables: who is served, what is for sale, by which ways, at what price."""

from llm.models.budgets import Budget, BudgetWindow, Period, Reservation, Scope
from llm.models.claims import Claim
from llm.models.keyring import Keyring, SecretsMismatch, verify_fingerprint
from llm.models.keys import DEFAULT_SCOPES, SCOPES, ApiKey
from llm.models.money import PicodollarField
from llm.models.offers import Alias, Fallback, Model, Occasion, Strategy, Tier
from llm.models.organisations import Membership, Organisation, Role, Team
from llm.models.prices import RATES, SINCE_EVER, LongPromptPrice, RoutePrice
from llm.models.providers import Kind, Provider
from llm.models.routes import Route
from llm.models.stamp import RegistryStamp, registry_changed
from llm.types import CAPABILITIES

__all__ = [
    "CAPABILITIES",
    "DEFAULT_SCOPES",
    "RATES",
    "SCOPES",
    "SINCE_EVER",
    "Alias",
    "ApiKey",
    "Budget",
    "BudgetWindow",
    "Claim",
    "Fallback",
    "Keyring",
    "Kind",
    "LongPromptPrice",
    "Membership",
    "Model",
    "Occasion",
    "Organisation",
    "Period",
    "PicodollarField",
    "Provider",
    "RegistryStamp",
    "Reservation",
    "Role",
    "Route",
    "RoutePrice",
    "Scope",
    "SecretsMismatch",
    "Strategy",
    "Team",
    "Tier",
    "registry_changed",
    "verify_fingerprint",
]
