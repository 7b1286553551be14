"""A new installation starts with the promises of docs/rules.md; dead entries of the sweep's index do not pile up."""

from django.db import migrations

from tickets.sla import defaults


def install(apps, schema_editor):
    defaults.install(apps.get_model("sla", "Calendar"), apps.get_model("sla", "Policy"))


class Migration(migrations.Migration):
    dependencies = [("sla", "0001_initial")]
    operations = [
        migrations.RunPython(install, migrations.RunPython.noop),
        migrations.RunSQL(
            "ALTER TABLE sla_clock SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.05)",
            "ALTER TABLE sla_clock RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor)",
        ),
    ]
