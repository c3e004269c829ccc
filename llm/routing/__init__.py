"""Which route is tried when, and what is done when things break."""

from llm.routing.circuits import Circuits
from llm.routing.observed import Observed
from llm.routing.router import Router

__all__ = ["Circuits", "Observed", "Router"]
