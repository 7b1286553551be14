"""The promises of docs/rules.md as data: what a new installation starts with, and supervisors then change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

SERVICE_HOURS = [["08:30", "22:00"]]  # R09, every day

# On site, in hours, by grade (R07), home region or not (R22) and VIP or not (R08).
ON_SITE_HOURS: dict[tuple[bool, bool], dict[int, int]] = {
    # (home region, VIP): {grade: hours}
    (False, False): {1: 12, 2: 18, 3: 24, 4: 24},
    (True, False): {1: 4, 2: 6, 3: 8, 4: 8},
    (False, True): {1: 6, 2: 9, 3: 12, 4: 12},
    (True, True): {1: 2, 2: 3, 3: 4, 4: 4},
}


def install(calendar_model: Any, policy_model: Any) -> None:
    """Make the calendars and policies that are missing; those there are left as they are."""
    if policy_model.objects.exists():
        return
    service, _new = calendar_model.objects.get_or_create(
        code="service-hours",
        defaults={
            "name_en": "Service hours",
            "name_zh_hans": "服务时间",
            "name_zh_hant": "服務時間",
            "week": [SERVICE_HOURS] * 7,
        },
    )
    always, _new = calendar_model.objects.get_or_create(
        code="round-the-clock",
        defaults={
            "name_en": "Round the clock",
            "name_zh_hans": "全天",
            "name_zh_hant": "全天",
            "round_the_clock": True,
            "week": [[["00:00", "00:00"]]] * 7,
        },
    )
    hour, day = timedelta(hours=1), timedelta(days=1)
    rows: list[dict[str, Any]] = [
        {"target": "response", "rule": "R03", "span": hour, "calendar": service},
        {"target": "response", "rule": "R08", "span": hour / 2, "calendar": service, "vip": True},
        {
            "target": "callback",
            "rule": "R60",
            "span": 7 * day,
            "calendar": service,
            "until_day_end": True,
            "not_before_span": 3 * day,
        },
        {"target": "customer_file", "rule": "R70", "span": 2 * day, "calendar": always},
        {"target": "on_site", "rule": "R22", "span": day, "calendar": always, "pause_reasons": ["customer"]},
    ]
    for (home, vip), by_grade in ON_SITE_HOURS.items():
        rows += [
            {
                "target": "on_site",
                "rule": "R22",
                "span": hours * hour,
                "calendar": always,
                "grade": grade,
                "home_region": home,
                "vip": vip,
                "pause_reasons": ["customer"],
            }
            for grade, hours in by_grade.items()
        ]
    policy_model.objects.bulk_create([policy_model(**row) for row in rows])
