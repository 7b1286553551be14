"""A ticket knows the class of its open complaint: promises may depend on it (R41)."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_people'),
        ('customers', '0009_parts'),
        ('tickets', '0012_dispatch'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='ticket',
            name='complaint_class',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name='ticket',
            constraint=models.CheckConstraint(condition=models.Q(('complaint_class__lte', 3)), name='ticket_complaint_class_known'),
        ),
    ]
