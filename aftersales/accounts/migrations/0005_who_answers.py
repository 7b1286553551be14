"""Who is told for a person or a level: asked by the sweep for many promises at once."""

from django.db import migrations

SQL = """
CREATE OR REPLACE FUNCTION accounts_stand_in(person bigint, at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT id FROM accounts_user WHERE id = person AND is_active
$$;
CREATE OR REPLACE FUNCTION accounts_answers(role text, team bigint, at timestamptz, zone text) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    WITH one AS (
        SELECT u.id FROM accounts_team t JOIN accounts_user u ON u.id = t.supervisor_id AND u.is_active
        WHERE $1 = 'supervisor' AND t.id = $2
    )
    SELECT id FROM one
    UNION ALL
    SELECT id FROM accounts_user u WHERE u.role = 'manager' AND u.is_active AND NOT EXISTS (SELECT 1 FROM one)
$$;
CREATE OR REPLACE FUNCTION accounts_quiet_until(person bigint, at timestamptz, zone text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$ SELECT NULL::timestamptz $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_reaching_people")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
