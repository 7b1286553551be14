import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_people'),
        ('complaints', '0006_calls'),
        ('customers', '0010_maintenance'),
        ('tickets', '0014_complaints'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('on', models.DateField(verbose_name='date')),
                ('line', models.CharField(blank=True, choices=[('appliance', 'appliance'), ('instrument', 'instrument'), ('software', 'software'), ('gps', 'GPS unit'), ('building', 'building')], max_length=20, verbose_name='product line')),
                ('text_en', models.TextField(verbose_name='text in English')),
                ('text_zh_hans', models.TextField(verbose_name='text in simplified Chinese')),
                ('text_zh_hant', models.TextField(verbose_name='text in traditional Chinese')),
                ('created_at', models.DateTimeField()),
                ('listed_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('region', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.region', verbose_name='region')),
            ],
            options={
                'verbose_name': 'campaign',
                'verbose_name_plural': 'campaigns',
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('maintenance', 'maintenance'), ('campaign', 'campaign')], max_length=12)),
                ('on', models.DateField()),
                ('state', models.CharField(choices=[('call', 'to be called'), ('letter', 'letter owed'), ('done', 'done')], default='call', max_length=8)),
                ('due_at', models.DateTimeField()),
                ('attempts_made', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('campaign', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='complaints.campaign')),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='customers.customer')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
            },
        ),
        migrations.CreateModel(
            name='InvitationCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('reached', 'reached'), ('not_reached', 'not reached'), ('by_letter', 'not reached; write a letter'), ('refused', 'does not want to be told')], max_length=12)),
                ('note', models.CharField(blank=True, max_length=1000)),
                ('by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('invitation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='complaints.invitation')),
            ],
            options={
                'verbose_name': 'call about an invitation',
                'verbose_name_plural': 'calls about invitations',
            },
        ),
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20, unique=True, verbose_name='number')),
                ('kind', models.CharField(choices=[('not_reached', 'could not be reached'), ('maintenance', 'maintenance reminder'), ('campaign', 'invitation'), ('other', 'other')], max_length=12, verbose_name='kind')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文'), ('zh-hant', '繁體中文')], max_length=10)),
                ('recipient', models.CharField(max_length=120, verbose_name='recipient')),
                ('address', models.CharField(max_length=300, verbose_name='address')),
                ('subject', models.CharField(max_length=120, verbose_name='subject')),
                ('text', models.TextField(verbose_name='text')),
                ('written_at', models.DateTimeField()),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='letters', to='customers.customer')),
                ('ticket', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='letters', to='tickets.ticket')),
                ('written_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'letter',
                'verbose_name_plural': 'letters',
            },
        ),
        migrations.AddField(
            model_name='invitation',
            name='letter',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invitation', to='complaints.letter'),
        ),
        migrations.CreateModel(
            name='LetterRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'being made'), ('ready', 'ready'), ('failed', 'failed')], default='queued', max_length=8)),
                ('pdf', models.FileField(blank=True, upload_to='letters/%Y/%m')),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField()),
                ('made_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, max_length=300)),
                ('created_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'printed letters',
                'verbose_name_plural': 'printed letters',
            },
        ),
        migrations.AddField(
            model_name='letter',
            name='run',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='letters', to='complaints.letterrun', verbose_name='printed with'),
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(condition=models.Q(('listed_at', None)), fields=['on'], name='campaign_to_list'),
        ),
        migrations.AddIndex(
            model_name='invitationcall',
            index=models.Index(fields=['-at', '-id'], name='invitation_call_by_time'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(condition=models.Q(('state', 'done'), _negated=True), fields=['state', 'due_at', 'id'], name='invitation_worklist'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(fields=['campaign', 'id'], name='invitation_of_campaign'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(condition=models.Q(('kind', 'maintenance')), fields=['on'], name='invitation_maintenance'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('campaign__isnull', False)), fields=('customer', 'campaign'), name='invitation_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'maintenance')), fields=('customer', 'on'), name='maintenance_reminded_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('campaign__isnull', False), ('kind', 'campaign')), models.Q(('campaign', None), ('kind', 'maintenance')), _connector='OR'), name='invitation_has_its_subject'),
        ),
        migrations.AddIndex(
            model_name='letter',
            index=models.Index(fields=['-written_at', '-id'], name='letter_by_time'),
        ),
        migrations.AddIndex(
            model_name='letter',
            index=models.Index(condition=models.Q(('run', None)), fields=['id'], name='letter_to_print'),
        ),
    ]
