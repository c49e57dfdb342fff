"""A column with a default on the two busiest tables, an index, and a table: what code of before does not miss."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY
    dependencies: ClassVar = [("runs", "0001_initial"), ("events", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL("ALTER TABLE runs_job ADD COLUMN hint varchar(40) DEFAULT '' NOT NULL"),
        migrations.RunSQL("ALTER TABLE events_event ADD COLUMN weight integer DEFAULT 0 NOT NULL"),
        migrations.RunSQL("CREATE INDEX CONCURRENTLY job_hint ON runs_job (hint)"),
        migrations.CreateModel("Hint", [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())]),
    ]
