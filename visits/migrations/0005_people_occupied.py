from django.db import migrations

# An interval without days means the same span in every zone; the check on `travel_before` lets in no other, so the
# function may be called immutable, as the index of an exclusion constraint asks.
CREATE = """
CREATE FUNCTION visits_occupied(starts timestamptz, ends timestamptz, travel interval) RETURNS tstzrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT pg_catalog.tstzrange(starts - travel, ends, '[)') $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("visits", "0004_phone_commands"),
    ]

    operations = [
        migrations.RunSQL(CREATE, "DROP FUNCTION visits_occupied(timestamptz, timestamptz, interval)"),
    ]
