from django.apps import AppConfig

import llm
from llm.lifecycle import lifecycle


class LlmConfig(AppConfig):
    name = "llm"
    verbose_name = "Gateway"

    def ready(self) -> None:
        """The parts that need the models: the Python door, and what starts and ends with a web process."""
        from llm import checks, wiring  # noqa: F401, PLC0415 - models exist only from here on; checks register themselves
        from llm.surfaces import python  # noqa: PLC0415 - likewise

        llm.generate, llm.stream = python.generate, python.stream
        llm.agenerate, llm.astream = python.agenerate, python.astream
        lifecycle.on_startup(wiring.open_parts)
        lifecycle.on_shutdown(wiring.close_parts)
