from django.apps import AppConfig

from llm.lifecycle import lifecycle


class ConversationsConfig(AppConfig):
    name = "conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """What answers leave to be kept is written before the parts close."""
        from conversations import exchange  # noqa: PLC0415  # models exist only from here on

        lifecycle.on_shutdown(exchange.close)
