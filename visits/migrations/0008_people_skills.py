from django.db import migrations, models

import visits.models.technician


class Migration(migrations.Migration):
    dependencies = [
        ("visits", "0007_people_levels"),
    ]

    operations = [
        migrations.RemoveField(model_name="technician", name="skills"),
        migrations.RenameField(model_name="technician", old_name="levels", new_name="skills"),
        migrations.AddConstraint(
            model_name="technician",
            constraint=models.CheckConstraint(
                condition=visits.models.technician.SkillsHaveLevels("skills"), name="technician_skills_have_levels"
            ),
        ),
    ]
