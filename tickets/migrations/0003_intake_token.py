import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_initial'),
        ('customers', '0001_initial'),
        ('tickets', '0002_number_sequence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='IntakeToken',
            fields=[
                ('token', models.UUIDField(primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'intake form',
                'verbose_name_plural': 'intake forms',
            },
        ),
        migrations.AlterField(
            model_name='event',
            name='kind',
            field=models.CharField(choices=[('ticket.registered', 'registered'), ('ticket.edited', 'corrected'), ('ticket.noted', 'noted'), ('ticket.contacted', 'customer reached'), ('ticket.contact_failed', 'customer not reached'), ('ticket.handed_over', 'handed over'), ('ticket.accepted', 'accepted'), ('ticket.declined', 'declined'), ('ticket.taken', 'taken'), ('ticket.graded', 'graded'), ('ticket.dispatch_approved', 'dispatch approved'), ('ticket.visit_planned', 'visit planned'), ('ticket.visit_moved', 'visit moved'), ('ticket.visit_cancelled', 'visit cancelled'), ('ticket.en_route', 'technician on the way'), ('ticket.checked_in', 'technician on site'), ('ticket.visit_completed', 'visit completed'), ('ticket.visit_not_solved', 'visit ended, not solved'), ('ticket.sheet_ready', 'service sheet made'), ('ticket.waited', 'waiting'), ('ticket.resumed', 'resumed'), ('ticket.woken', 'waiting time over'), ('ticket.resolved', 'resolved'), ('ticket.closed', 'closed'), ('ticket.reopened', 'reopened'), ('ticket.refused', 'refused'), ('ticket.cancelled', 'cancelled'), ('ticket.customer_merged', 'customer merged'), ('customer.file_completed', 'customer file complete'), ('clock.breached', 'promise broken'), ('callback.owed', 'callback owed'), ('callback.attempted', 'callback tried'), ('callback.reached', 'called back')], max_length=40),
        ),
        migrations.AddField(
            model_name='intaketoken',
            name='ticket',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket'),
        ),
        migrations.AddField(
            model_name='intaketoken',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
    ]
