from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0007_warranty_terms_data"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="productmodel",
            name="warranty_months",
        ),
    ]
