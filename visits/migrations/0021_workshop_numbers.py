"""Labels are numbered from a sequence: never repeated, gaps allowed. Receipts are not: see ReceiptCounter."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("visits", "0020_parts"),
    ]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE workshop_numbers CACHE 1", "DROP SEQUENCE workshop_numbers"),
    ]
