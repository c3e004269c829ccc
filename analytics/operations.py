"""The migration operation behind the log's tables: ordinary models, partitioned where PostgreSQL keeps them."""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.state import ProjectState


class CreateMonthlyModel(CreateModel):
    """On PostgreSQL the table has no partitions yet, and (id, created_at) takes the place of the primary key.

    A partitioned table's keys must contain what it is partitioned by; Django's state keeps `id` as the primary key.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            sql, params = schema_editor.table_sql(model)
            table = sql.replace(" PRIMARY KEY", "", 1) + " PARTITION BY RANGE (created_at)"
            schema_editor.execute(table, params or None)
            for index in model._meta.indexes:
                schema_editor.add_index(model, index)
