from django.conf import settings
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('visits', '0003_confirmed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameModel('ServiceSheet', 'Paper'),
    ]
