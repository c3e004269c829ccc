"""A key's former secret, for as long as it still works after a rotation."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("llm", "0001_registry")]
    operations = [
        migrations.AddField(
            "apikey", "former_digest", models.CharField(editable=False, max_length=64, null=True, unique=True)
        ),
        migrations.AddField("apikey", "former_until", models.DateTimeField(editable=False, null=True)),
    ]
