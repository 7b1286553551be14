from django.conf import settings
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("visits", "0016_notice8"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameModel("ServiceSheet", "Paper"),
    ]
