"""A new installation starts with the promises of docs/rules.md."""

from django.db import migrations

from tickets.sla import defaults


def install(apps, schema_editor):
    defaults.install(apps.get_model("sla", "Calendar"), apps.get_model("sla", "Policy"))


class Migration(migrations.Migration):
    dependencies = [("sla", "0002_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
