"""Dates carry their names in three languages; a new installation knows the public holidays of this and the next year."""

from datetime import date

from django.db import migrations, models

from tickets.sla import defaults


def install(apps, schema_editor):
    defaults.install_days(
        apps.get_model("sla", "Calendar"), apps.get_model("sla", "CalendarDay"), upto=date.today().year + 1
    )


class Migration(migrations.Migration):
    dependencies = [("sla", "0003_policy_changes")]
    operations = [
        migrations.RenameField("calendarday", "name", "name_en"),
        migrations.AlterField("calendarday", "name_en", models.CharField(blank=True, max_length=120)),
        migrations.AddField(
            "calendarday", "name_zh_hans", models.CharField(blank=True, default="", max_length=120), preserve_default=False
        ),
        migrations.AddField(
            "calendarday", "name_zh_hant", models.CharField(blank=True, default="", max_length=120), preserve_default=False
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
