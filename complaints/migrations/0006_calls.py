import datetime

import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('complaints', '0005_complaints'),
        ('customers', '0009_parts'),
        ('tickets', '0014_complaints'),
        ('visits', '0024_arrival_evidence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CallSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.PositiveSmallIntegerField(default=5, verbose_name='attempts before giving up')),
                ('pause_minutes', models.PositiveSmallIntegerField(default=120, verbose_name='minutes between two attempts')),
                ('night_from', models.TimeField(blank=True, default=datetime.time(21, 0), null=True, verbose_name='no calls from')),
                ('night_until', models.TimeField(blank=True, default=datetime.time(9, 0), null=True, verbose_name='until')),
                ('noon_from', models.TimeField(blank=True, default=datetime.time(12, 0), null=True, verbose_name='nor from')),
                ('noon_until', models.TimeField(blank=True, default=datetime.time(13, 30), null=True, verbose_name='until')),
                ('plan_percent', models.PositiveSmallIntegerField(default=100, verbose_name='calls by plan, in percent')),
                ('maintenance_percent', models.PositiveSmallIntegerField(default=100, verbose_name='maintenance reminders, in percent')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='why it is changed')),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'rules of calling',
                'verbose_name_plural': 'rules of calling',
            },
        ),
        migrations.CreateModel(
            name='FollowUpPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_on', models.DateField(verbose_name='installed on')),
                ('step', models.PositiveSmallIntegerField(default=1)),
                ('next_on', models.DateField(verbose_name='next call')),
                ('state', models.CharField(choices=[('active', 'running'), ('paused', 'paused'), ('ended', 'ended')], default='active', max_length=8, verbose_name='state')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('changed_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField(default=1)),
            ],
            options={
                'verbose_name': 'follow-up plan',
                'verbose_name_plural': 'follow-up plans',
            },
        ),
        migrations.CreateModel(
            name='PromisedAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.TextField(verbose_name="the customer's question")),
                ('promised_at', models.DateTimeField(verbose_name='answer promised by')),
                ('asked_at', models.DateTimeField()),
                ('answer', models.TextField(blank=True, verbose_name='answer')),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'promised answer',
                'verbose_name_plural': 'promised answers',
            },
        ),
        migrations.CreateModel(
            name='Script',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('first', 'after the visit'), ('second', 'second follow-up'), ('complaint', 'after a complaint'), ('plan', 'by plan'), ('survey', 'low marks')], max_length=10, verbose_name='kind')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文'), ('zh-hant', '繁體中文')], max_length=10, verbose_name='language')),
                ('greeting', models.TextField(verbose_name='greeting')),
                ('questions', models.TextField(verbose_name='questions, one a line')),
                ('closing', models.TextField(verbose_name='closing')),
                ('version', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'script',
                'verbose_name_plural': 'scripts',
            },
        ),
        migrations.RemoveConstraint(
            model_name='callback',
            name='callback_state_known',
        ),
        migrations.AddField(
            model_name='attempt',
            name='asked_time',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='callback',
            name='about',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='callback',
            name='assigned_to',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who calls'),
        ),
        migrations.AddField(
            model_name='callback',
            name='call_after',
            field=models.DateTimeField(default=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='callback',
            name='claimed_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='callback',
            name='claimed_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='callback',
            name='complaint',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='callbacks', to='complaints.complaint'),
        ),
        migrations.AddField(
            model_name='callback',
            name='ended_reason',
            field=models.CharField(blank=True, max_length=300, verbose_name='reason'),
        ),
        migrations.AddField(
            model_name='callback',
            name='kind',
            field=models.CharField(choices=[('first', 'after the visit'), ('second', 'second follow-up'), ('complaint', 'after a complaint'), ('plan', 'by plan'), ('survey', 'low marks')], default='first', max_length=10, verbose_name='kind'),
        ),
        migrations.AddField(
            model_name='callback',
            name='last_outcome',
            field=models.CharField(blank=True, choices=[('satisfied', 'reached, satisfied'), ('question', 'reached, question open'), ('not_satisfied', 'reached, not satisfied'), ('not_reached', 'not reached'), ('wrong_number', 'wrong number'), ('refused', 'does not want to be asked')], max_length=16),
        ),
        migrations.AddField(
            model_name='callback',
            name='owed_at',
            field=models.DateTimeField(default=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='callback',
            name='plan_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='callback',
            name='target',
            field=models.CharField(blank=True, default='callback', max_length=30),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='outcome',
            field=models.CharField(choices=[('satisfied', 'reached, satisfied'), ('question', 'reached, question open'), ('not_satisfied', 'reached, not satisfied'), ('not_reached', 'not reached'), ('wrong_number', 'wrong number'), ('refused', 'does not want to be asked')], max_length=16),
        ),
        migrations.AlterField(
            model_name='callback',
            name='state',
            field=django_fsm.FSMField(choices=[('owed', 'owed'), ('reached', 'reached'), ('refused', 'does not want to be asked'), ('given_up', 'given up'), ('withdrawn', 'withdrawn')], default='owed', max_length=10, protected=True),
        ),
        migrations.AlterField(
            model_name='callback',
            name='visit',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='callbacks', to='visits.visit'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['by', '-at'], name='attempt_of_caller'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['-at', '-id'], name='attempt_by_time'),
        ),
        migrations.AddField(
            model_name='callsettings',
            name='changed_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='followupplan',
            name='changed_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='followupplan',
            name='person',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who calls'),
        ),
        migrations.AddField(
            model_name='followupplan',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='follow_up_plans', to='customers.product', verbose_name='product'),
        ),
        migrations.AddField(
            model_name='followupplan',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='follow_up_plans', to='tickets.ticket'),
        ),
        migrations.AddField(
            model_name='followupplan',
            name='visit',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='visits.visit'),
        ),
        migrations.AddField(
            model_name='callback',
            name='plan',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='callbacks', to='complaints.followupplan'),
        ),
        migrations.AddIndex(
            model_name='callback',
            index=models.Index(condition=models.Q(('claimed_by__isnull', False), ('state', 'owed')), fields=['claimed_by'], name='callback_claimed'),
        ),
        migrations.AddIndex(
            model_name='callback',
            index=models.Index(condition=models.Q(('assigned_to__isnull', False), ('state', 'owed')), fields=['assigned_to', 'due_at', 'id'], name='callback_assigned'),
        ),
        migrations.AddIndex(
            model_name='callback',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['-ended_at', '-id'], name='callback_ended'),
        ),
        migrations.AddConstraint(
            model_name='callback',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['owed', 'reached', 'refused', 'given_up', 'withdrawn'])), name='callback_state_known'),
        ),
        migrations.AddConstraint(
            model_name='callback',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('complaint', None), ('kind__in', ['first', 'second', 'survey']), ('plan', None), ('visit__isnull', False)), models.Q(('complaint__isnull', False), ('kind', 'complaint'), ('plan', None)), models.Q(('complaint', None), ('kind', 'plan'), ('plan__isnull', False), ('plan_on__isnull', False)), _connector='OR'), name='callback_has_its_subject'),
        ),
        migrations.AddConstraint(
            model_name='callback',
            constraint=models.UniqueConstraint(condition=models.Q(('kind__in', ['first', 'second'])), fields=('visit', 'kind'), name='callback_of_visit_once'),
        ),
        migrations.AddConstraint(
            model_name='callback',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'survey'), ('state', 'owed')), fields=('visit',), name='callback_survey_once'),
        ),
        migrations.AddConstraint(
            model_name='callback',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'complaint'), ('state', 'owed')), fields=('complaint',), name='callback_of_complaint_once'),
        ),
        migrations.AddConstraint(
            model_name='callback',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'plan')), fields=('plan', 'plan_on'), name='callback_of_plan_once'),
        ),
        migrations.AddField(
            model_name='promisedanswer',
            name='answered_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='promisedanswer',
            name='asked_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='promisedanswer',
            name='callback',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='promised', to='complaints.callback'),
        ),
        migrations.AddField(
            model_name='promisedanswer',
            name='ticket',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='promised_answers', to='tickets.ticket'),
        ),
        migrations.AddField(
            model_name='script',
            name='changed_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='callsettings',
            constraint=models.CheckConstraint(condition=models.Q(('attempts__gte', 1), ('attempts__lte', 20)), name='calls_attempts_sane'),
        ),
        migrations.AddConstraint(
            model_name='callsettings',
            constraint=models.CheckConstraint(condition=models.Q(('pause_minutes__lte', 1440)), name='calls_pause_sane'),
        ),
        migrations.AddConstraint(
            model_name='callsettings',
            constraint=models.CheckConstraint(condition=models.Q(('maintenance_percent__lte', 100), ('plan_percent__lte', 100)), name='calls_percent_sane'),
        ),
        migrations.AddIndex(
            model_name='followupplan',
            index=models.Index(condition=models.Q(('state', 'active')), fields=['next_on', 'id'], name='follow_up_plan_due'),
        ),
        migrations.AddConstraint(
            model_name='followupplan',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'ended'), _negated=True), fields=('product',), name='follow_up_plan_once'),
        ),
        migrations.AddConstraint(
            model_name='followupplan',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['active', 'paused', 'ended'])), name='follow_up_plan_state_known'),
        ),
        migrations.AddIndex(
            model_name='promisedanswer',
            index=models.Index(condition=models.Q(('answered_at', None)), fields=['promised_at', 'id'], name='answer_owed'),
        ),
        migrations.AddIndex(
            model_name='promisedanswer',
            index=models.Index(fields=['ticket', 'promised_at'], name='answer_of_ticket'),
        ),
        migrations.AddIndex(
            model_name='promisedanswer',
            index=models.Index(condition=models.Q(('answered_at__isnull', False)), fields=['-answered_at', '-id'], name='answer_given'),
        ),
        migrations.AddConstraint(
            model_name='promisedanswer',
            constraint=models.CheckConstraint(condition=models.Q(('promised_at__gt', models.F('asked_at'))), name='answer_promised_ahead'),
        ),
        migrations.AddConstraint(
            model_name='promisedanswer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None)), models.Q(('answered_at__isnull', False), models.Q(('answer', ''), _negated=True)), _connector='OR'), name='answer_in_words'),
        ),
        migrations.AddConstraint(
            model_name='script',
            constraint=models.UniqueConstraint(fields=('kind', 'language'), name='script_once'),
        ),
        # What was owed before: all of it after visits, to be tried from the day on which it opened.
        migrations.RunSQL(
            "UPDATE complaints_callback SET call_after = opens_at, owed_at = opens_at",
            migrations.RunSQL.noop,
            elidable=True,
        ),
    ]
