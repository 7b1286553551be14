from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_initial'),
        ('customers', '0001_initial'),
        ('tickets', '0004_dashboard_indexes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['owner', 'state', 'next_due_at', 'id'], name='ticket_my_state'),
        ),
    ]
