"""Somebody decides within the hour who did not keep an appointment, where the evidence does not say it (R25)."""

from django.db import migrations, models

from tickets.sla import defaults


def install(apps, schema_editor):
    defaults.install_no_show_decision(apps.get_model("sla", "Calendar"), apps.get_model("sla", "Policy"))


class Migration(migrations.Migration):

    dependencies = [
        ('sla', '0007_visit_hours'),
    ]

    operations = [
        migrations.RunPython(install, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='clock',
            name='target',
            field=models.CharField(choices=[('response', 'response'), ('sales_reply', 'sales reply'), ('visit_answer', 'visit answer'), ('on_site', 'on site'), ('cancellation_notice', 'cancellation notice'), ('no_show', 'no-show'), ('no_show_decision', 'no-show decision'), ('repair', 'repair'), ('collection', 'collection notice'), ('out_of_stock', 'out-of-stock answer'), ('complaint_acknowledged', 'complaint acknowledged'), ('complaint_investigated', 'complaint investigated'), ('complaint_proposed', 'complaint: solution proposed'), ('complaint_informed', 'complaint: customer informed'), ('callback', 'callback'), ('second_follow_up', 'second follow-up'), ('customer_file', 'customer file')], max_length=30),
        ),
        migrations.AlterField(
            model_name='policy',
            name='target',
            field=models.CharField(choices=[('response', 'response'), ('sales_reply', 'sales reply'), ('visit_answer', 'visit answer'), ('on_site', 'on site'), ('cancellation_notice', 'cancellation notice'), ('no_show', 'no-show'), ('no_show_decision', 'no-show decision'), ('repair', 'repair'), ('collection', 'collection notice'), ('out_of_stock', 'out-of-stock answer'), ('complaint_acknowledged', 'complaint acknowledged'), ('complaint_investigated', 'complaint investigated'), ('complaint_proposed', 'complaint: solution proposed'), ('complaint_informed', 'complaint: customer informed'), ('callback', 'callback'), ('second_follow_up', 'second follow-up'), ('customer_file', 'customer file')], max_length=30, verbose_name='target'),
        ),
        migrations.AlterField(
            model_name='policychange',
            name='target',
            field=models.CharField(choices=[('response', 'response'), ('sales_reply', 'sales reply'), ('visit_answer', 'visit answer'), ('on_site', 'on site'), ('cancellation_notice', 'cancellation notice'), ('no_show', 'no-show'), ('no_show_decision', 'no-show decision'), ('repair', 'repair'), ('collection', 'collection notice'), ('out_of_stock', 'out-of-stock answer'), ('complaint_acknowledged', 'complaint acknowledged'), ('complaint_investigated', 'complaint investigated'), ('complaint_proposed', 'complaint: solution proposed'), ('complaint_informed', 'complaint: customer informed'), ('callback', 'callback'), ('second_follow_up', 'second follow-up'), ('customer_file', 'customer file')], max_length=30),
        ),
    ]
