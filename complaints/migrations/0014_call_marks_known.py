from django.db import migrations

KNOWN = """
INSERT INTO complaints_callmark (attempt_id, at, technician_id, region_id, team_id, line, attitude, quality, solved)
SELECT a.id, a.at, v.technician_id, t.region_id, t.team_id, coalesce(m.line, ''), a.attitude, a.quality, a.solved
FROM complaints_attempt AS a
JOIN complaints_callback AS c ON c.id = a.callback_id
JOIN tickets_ticket AS t ON t.id = c.ticket_id
LEFT JOIN visits_visit AS v ON v.id = c.visit_id
LEFT JOIN customers_product AS p ON p.id = t.product_id
LEFT JOIN customers_productmodel AS m ON m.id = p.model_id
WHERE a.attitude IS NOT NULL OR a.quality IS NOT NULL OR a.solved IS NOT NULL
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    """The marks of calls that were made before figures counted them."""

    dependencies = [
        ("complaints", "0013_call_marks"),
        ("customers", "__first__"),
    ]

    operations = [
        # A house of many years has more of them than a page may wait for.
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]
