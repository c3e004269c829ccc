from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        from analytics.partitions import ensure_after_migrate  # noqa: PLC0415  # imports wait for the app registry

        post_migrate.connect(ensure_after_migrate, sender=self)
