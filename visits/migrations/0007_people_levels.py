from django.db import migrations

TO_LEVELS = """
UPDATE visits_technician SET levels = COALESCE(
    (SELECT jsonb_object_agg(skill, 2) FROM unnest(skills) AS skill), '{}'::jsonb
)
"""  # 2: works alone; what was entered before knew no levels
TO_LIST = "UPDATE visits_technician SET skills = ARRAY(SELECT jsonb_object_keys(levels))"


class Migration(migrations.Migration):
    dependencies = [
        ("visits", "0006_people"),
    ]

    operations = [migrations.RunSQL(TO_LEVELS, TO_LIST)]
