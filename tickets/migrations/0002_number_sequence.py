"""Numbers come from sequences: never repeated, gaps allowed, and nobody waits for another's transaction."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE ticket_numbers CACHE 1", "DROP SEQUENCE ticket_numbers"),
        migrations.RunSQL("CREATE SEQUENCE order_numbers CACHE 1", "DROP SEQUENCE order_numbers"),
        migrations.RunSQL("CREATE SEQUENCE sheet_numbers CACHE 1", "DROP SEQUENCE sheet_numbers"),
    ]
