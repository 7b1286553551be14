from django.db import migrations
from django.db.models import F


def one_term_becomes_three(apps, schema_editor):
    apps.get_model("customers", "ProductModel").objects.update(
        labour_months=F("warranty_months"), parts_months=F("warranty_months"), travel_months=F("warranty_months")
    )


def three_terms_become_one(apps, schema_editor):
    apps.get_model("customers", "ProductModel").objects.update(warranty_months=F("labour_months"))


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0006_warranty_terms"),
    ]

    operations = [migrations.RunPython(one_term_becomes_three, three_terms_become_one)]
