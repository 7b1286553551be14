import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0002_initial'),
        ('customers', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CustomerChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('customer.edited', 'customer corrected'), ('phone.added', 'telephone added'), ('phone.removed', 'telephone removed'), ('site.added', 'site added'), ('site.edited', 'site corrected'), ('product.added', 'product added'), ('product.edited', 'product corrected'), ('customer.merged', 'merged')], max_length=20)),
                ('at', models.DateTimeField()),
                ('door', models.CharField(choices=[('page', 'page'), ('api', 'API'), ('admin', 'administration'), ('link', "customer's link"), ('system', 'system'), ('import', 'import')], max_length=10)),
                ('subject', models.CharField(blank=True, max_length=300)),
                ('before', models.JSONField(default=dict)),
                ('after', models.JSONField(default=dict)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='customers.customer')),
                ('partner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.partner')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': "change of a customer's file",
                'verbose_name_plural': "changes of customers' files",
                'indexes': [models.Index(fields=['customer', '-id'], name='change_of_customer')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customerchange',
            trigger=pgtrigger.compiler.Trigger(name='change_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='f39d380fe09dd3bdcb49f61fec4e403b7ddc96f3', operation='UPDATE OR DELETE', pgid='pgtrigger_change_append_only_14163', table='archives_customerchange', when='BEFORE')),
        ),
    ]
