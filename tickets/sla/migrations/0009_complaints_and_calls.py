"""What follows a complaint and the calls beyond the first are promises too; a policy may ask for a class (R41)."""

import datetime

from django.conf import settings
from django.db import migrations, models

from tickets.sla import defaults


def install(apps, schema_editor):
    defaults.install_complaints_and_calls(apps.get_model("sla", "Calendar"), apps.get_model("sla", "Policy"))


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_people'),
        ('customers', '0009_parts'),
        ('sla', '0008_no_show_decision'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='policy',
            name='policy_span_positive',
        ),
        migrations.RemoveConstraint(
            model_name='policy',
            name='policy_once',
        ),
        migrations.AddField(
            model_name='policy',
            name='complaint_class',
            field=models.PositiveSmallIntegerField(blank=True, choices=[(1, 'class 1'), (2, 'class 2'), (3, 'class 3')], null=True, verbose_name='complaint class'),
        ),
        migrations.AlterField(
            model_name='clock',
            name='target',
            field=models.CharField(choices=[('response', 'response'), ('sales_reply', 'sales reply'), ('visit_answer', 'visit answer'), ('on_site', 'on site'), ('cancellation_notice', 'cancellation notice'), ('no_show', 'no-show'), ('no_show_decision', 'no-show decision'), ('repair', 'repair'), ('collection', 'collection notice'), ('out_of_stock', 'out-of-stock answer'), ('complaint_acknowledged', 'complaint acknowledged'), ('complaint_investigated', 'complaint investigated'), ('complaint_proposed', 'complaint: solution proposed'), ('complaint_informed', 'complaint: customer informed'), ('complaint_callback', 'complaint: called back'), ('case_study', 'case study'), ('containment', 'containment'), ('corrective_action', 'corrective action'), ('effectiveness_check', 'effectiveness check'), ('conduct_appeal', 'appeal decided'), ('callback', 'callback'), ('second_follow_up', 'second follow-up'), ('follow_up', 'follow-up by plan'), ('promised_answer', 'promised answer'), ('customer_file', 'customer file')], max_length=30),
        ),
        migrations.AlterField(
            model_name='policy',
            name='target',
            field=models.CharField(choices=[('response', 'response'), ('sales_reply', 'sales reply'), ('visit_answer', 'visit answer'), ('on_site', 'on site'), ('cancellation_notice', 'cancellation notice'), ('no_show', 'no-show'), ('no_show_decision', 'no-show decision'), ('repair', 'repair'), ('collection', 'collection notice'), ('out_of_stock', 'out-of-stock answer'), ('complaint_acknowledged', 'complaint acknowledged'), ('complaint_investigated', 'complaint investigated'), ('complaint_proposed', 'complaint: solution proposed'), ('complaint_informed', 'complaint: customer informed'), ('complaint_callback', 'complaint: called back'), ('case_study', 'case study'), ('containment', 'containment'), ('corrective_action', 'corrective action'), ('effectiveness_check', 'effectiveness check'), ('conduct_appeal', 'appeal decided'), ('callback', 'callback'), ('second_follow_up', 'second follow-up'), ('follow_up', 'follow-up by plan'), ('promised_answer', 'promised answer'), ('customer_file', 'customer file')], max_length=30, verbose_name='target'),
        ),
        migrations.AlterField(
            model_name='policychange',
            name='target',
            field=models.CharField(choices=[('response', 'response'), ('sales_reply', 'sales reply'), ('visit_answer', 'visit answer'), ('on_site', 'on site'), ('cancellation_notice', 'cancellation notice'), ('no_show', 'no-show'), ('no_show_decision', 'no-show decision'), ('repair', 'repair'), ('collection', 'collection notice'), ('out_of_stock', 'out-of-stock answer'), ('complaint_acknowledged', 'complaint acknowledged'), ('complaint_investigated', 'complaint investigated'), ('complaint_proposed', 'complaint: solution proposed'), ('complaint_informed', 'complaint: customer informed'), ('complaint_callback', 'complaint: called back'), ('case_study', 'case study'), ('containment', 'containment'), ('corrective_action', 'corrective action'), ('effectiveness_check', 'effectiveness check'), ('conduct_appeal', 'appeal decided'), ('callback', 'callback'), ('second_follow_up', 'second follow-up'), ('follow_up', 'follow-up by plan'), ('promised_answer', 'promised answer'), ('customer_file', 'customer file')], max_length=30),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('span__gt', datetime.timedelta(0)), models.Q(('span__gte', datetime.timedelta(0)), ('until_day_end', True)), models.Q(('before_anchor', True), ('span__gte', datetime.timedelta(0))), _connector='OR'), name='policy_span_positive'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.UniqueConstraint(condition=models.Q(('current', True)), fields=('target', 'kind', 'channel', 'grade', 'region', 'home_region', 'vip', 'product_line', 'contract', 'complaint_class'), name='policy_once', nulls_distinct=False),
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
