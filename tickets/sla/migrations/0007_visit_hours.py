"""When customers are visited: rest and meal times are left out (R26)."""

from django.db import migrations

from tickets.sla import defaults


def install(apps, schema_editor):
    defaults.install_visit_hours(apps.get_model("sla", "Calendar"))


class Migration(migrations.Migration):
    dependencies = [("sla", "0006_clock_started")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
