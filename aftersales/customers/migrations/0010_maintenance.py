from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_people'),
        ('customers', '0009_parts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(condition=models.Q(('next_maintenance_on__isnull', False)), fields=['next_maintenance_on'], name='customer_maintenance'),
        ),
    ]
