"""Give the sheets that were there what every paper has, and let those still waiting be made by the task of today."""

from django.db import migrations

from visits.models.paper import new_code


def give_codes(apps, schema_editor):
    paper = apps.get_model("visits", "Paper")
    for row in paper.objects.filter(code="").only("pk").iterator():
        paper.objects.filter(pk=row.pk).update(code=new_code())


class Migration(migrations.Migration):
    dependencies = [("visits", "0018_paper_versions"), ("tickets", "0011_notices_by_event")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE paper_numbers", "DROP SEQUENCE paper_numbers"),
        migrations.RunSQL(
            "UPDATE tickets_outboxmessage SET task = 'visits.tasks.render_paper' "
            "WHERE task = 'visits.tasks.render_service_sheet'",
            "UPDATE tickets_outboxmessage SET task = 'visits.tasks.render_service_sheet' "
            "WHERE task = 'visits.tasks.render_paper'",
        ),
        migrations.RunPython(give_codes, migrations.RunPython.noop),
    ]
