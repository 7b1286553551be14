"""The promises of docs/rules.md as data: what a new installation starts with, and supervisors then change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tickets.sla import special_days

SERVICE_HOURS = [["08:30", "22:00"]]  # R09, every day
VISIT_HOURS = [["08:00", "12:00"], ["13:30", "20:00"]]  # R26, every day: nobody is visited when people eat or rest
OFFICE_HOURS = [["08:30", "12:00"], ["13:00", "17:30"]]  # of a working day
FIRST_YEAR = 2026  # of the holidays that a new installation knows
WORKING_DAY = timedelta(hours=8)  # of open time in these hours

# On site, in hours, by grade (R07), home region or not (R22) and VIP or not (R08).
ON_SITE_HOURS: dict[tuple[bool, bool], dict[int, int]] = {
    # (home region, VIP): {grade: hours}
    (False, False): {1: 12, 2: 18, 3: 24, 4: 24},
    (True, False): {1: 4, 2: 6, 3: 8, 4: 8},
    (False, True): {1: 6, 2: 9, 3: 12, 4: 12},
    (True, True): {1: 2, 2: 3, 3: 4, 4: 4},
}

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_OWNER, _SUPERVISOR, _MANAGER = ["owner"], ["supervisor"], ["supervisor", "manager"]


def _steps(*warnings: dict[str, int], first: timedelta, then: timedelta, due: list[str] | None = None) -> list[Any]:
    """Warnings to the owner; the end; the supervisor after `first`; managers too after `then`, again and again."""
    return [
        *({**warning, "tell": _OWNER} for warning in warnings),
        {"tell": due or ["owner", "supervisor"]},
        {"after": int(first.total_seconds()), "tell": _SUPERVISOR},
        {"after": int(then.total_seconds()), "tell": _MANAGER, "repeat": int(then.total_seconds())},
    ]


_SHORT = _steps({"percent": 75}, first=15 * _MINUTE, then=_HOUR)
_DAYS = _steps({"percent": 50}, {"percent": 75}, first=2 * _HOUR, then=_DAY)
_GRAVE = _steps({"percent": 50}, {"percent": 75}, first=15 * _MINUTE, then=_HOUR, due=["owner", *_MANAGER])


def install(calendar_model: Any, policy_model: Any) -> None:
    """Make the calendars and policies that are missing; those there are left as they are."""
    if policy_model.objects.exists():
        return
    service = _calendar(
        calendar_model, "service-hours", ("Service hours", "服务时间", "服務時間"), week=[SERVICE_HOURS] * 7
    )
    always = _calendar(
        calendar_model,
        "round-the-clock",
        ("Round the clock", "全天", "全天"),
        week=[[["00:00", "00:00"]]] * 7,
        round_the_clock=True,
    )
    office = _working_days(calendar_model, "working-days", ("Working days", "工作日", "工作日"), country="CN")
    for code, names, country, zone in (
        ("working-days-tw", ("Working days (Taiwan)", "工作日（台湾）", "工作日（臺灣）"), "TW", "Asia/Taipei"),
        ("working-days-hk", ("Working days (Hong Kong)", "工作日（香港）", "工作日（香港）"), "HK", "Asia/Hong_Kong"),
    ):
        _working_days(calendar_model, code, names, country=country, zone=zone)
    install_visit_hours(calendar_model)
    waits_for_customer = {"pause_reasons": ["customer"]}
    rows: list[dict[str, Any]] = [
        {"target": "response", "rule": "R03", "span": _HOUR, "calendar": service, "steps": _SHORT},
        {"target": "response", "rule": "R08", "span": _HOUR / 2, "calendar": service, "steps": _SHORT, "vip": True},
        {"target": "sales_reply", "rule": "R04", "span": _HOUR / 2, "calendar": service, "steps": _SHORT},
        {
            "target": "visit_answer", "rule": "R05", "span": WORKING_DAY, "calendar": office, "steps": _SHORT,
            **waits_for_customer,
        },
        {"target": "on_site", "rule": "R22", "span": _DAY, "calendar": always, "steps": _SHORT, **waits_for_customer},
        {
            "target": "cancellation_notice", "rule": "R24", "span": 8 * _HOUR, "calendar": always,
            "before_anchor": True, "steps": _steps({"before": 4 * 3600}, first=_HOUR, then=2 * _HOUR),
        },
        {
            "target": "no_show", "rule": "R25", "span": _HOUR / 2, "calendar": always,
            "steps": _steps({"percent": 50}, first=15 * _MINUTE, then=_HOUR), "loud": True,
        },
        no_show_decision(always),
        {
            "target": "repair", "rule": "R13", "span": 7 * _DAY, "calendar": always, "steps": _DAYS,
            "pause_reasons": ["customer", "parts"],
        },
        {
            "target": "collection", "rule": "R14", "span": 3 * _DAY, "calendar": always,
            "steps": _steps({"before": 24 * 3600}, first=_HOUR, then=_DAY, due=_OWNER),
        },
        {"target": "out_of_stock", "rule": "R16", "span": 7 * _DAY, "calendar": always, "steps": _DAYS},
        {
            "target": "complaint_investigated", "rule": "R42", "span": timedelta(0), "until_day_end": True,
            "calendar": service, "steps": _GRAVE,
        },
        {"target": "complaint_proposed", "rule": "R43", "span": 2 * _DAY, "calendar": always, "steps": _DAYS},
        {"target": "complaint_acknowledged", "rule": "R40", "span": _HOUR, "calendar": service, "steps": _GRAVE},
        {
            "target": "complaint_informed", "rule": "R43", "span": timedelta(0), "until_day_end": True,
            "calendar": service, "steps": _GRAVE,
        },
        {
            "target": "callback", "rule": "R60", "span": 7 * _DAY, "calendar": service, "until_day_end": True,
            "not_before_span": 3 * _DAY, "steps": _DAYS,
        },
        {
            "target": "second_follow_up", "rule": "R60", "span": 7 * _DAY, "calendar": service, "until_day_end": True,
            "steps": _DAYS,
        },
        {"target": "customer_file", "rule": "R70", "span": 2 * _DAY, "calendar": always, "steps": _DAYS},
        # An early migration installs too, and knows no complaints yet: a later one adds these.
        *(complaints_and_calls(service, always) if hasattr(policy_model, "complaint_class") else []),
    ]  # fmt: skip
    for (home, vip), by_grade in ON_SITE_HOURS.items():
        rows += [
            {
                "target": "on_site",
                "rule": "R22",
                "span": hours * _HOUR,
                "calendar": always,
                "grade": grade,
                "home_region": home,
                "vip": vip,
                "steps": _SHORT,
                **waits_for_customer,
            }
            for grade, hours in by_grade.items()
        ]
    policy_model.objects.bulk_create([policy_model(**row) for row in rows])


def no_show_decision(always: Any) -> dict[str, Any]:
    """Within the hour a person says who did not keep an appointment, where the evidence does not (R25)."""
    steps = _steps({"percent": 50}, first=15 * _MINUTE, then=_HOUR)
    return {
        "target": "no_show_decision",
        "rule": "R25",
        "span": _HOUR,
        "calendar": always,
        "steps": steps,
        "loud": True,
    }


def install_no_show_decision(calendar_model: Any, policy_model: Any) -> None:
    """Add that promise to an installation that was made before there was one."""
    always = calendar_model.objects.filter(code="round-the-clock", current=True).first()
    if always is not None and not policy_model.objects.filter(target="no_show_decision").exists():
        policy_model.objects.create(**no_show_decision(always))


def complaints_and_calls(service: Any, always: Any) -> list[dict[str, Any]]:
    """What follows a complaint, and the calls beyond the first: promises for which the table gives no number."""
    return [
        {
            "target": "complaint_acknowledged", "rule": "R41", "span": _HOUR / 2, "calendar": service,
            "steps": _GRAVE, "complaint_class": 3, "loud": True,
        },
        {
            "target": "complaint_callback", "rule": "R44", "span": 3 * _DAY, "until_day_end": True,
            "calendar": service, "steps": _DAYS,
        },
        {"target": "case_study", "rule": "R46", "span": 7 * _DAY, "calendar": always, "steps": _DAYS},
        {"target": "containment", "rule": "R49", "span": _DAY, "calendar": always, "steps": _SHORT},
        {"target": "corrective_action", "rule": "R49", "span": 14 * _DAY, "calendar": always, "steps": _DAYS},
        {
            "target": "effectiveness_check", "rule": "R49", "span": timedelta(0), "before_anchor": True,
            "calendar": always, "steps": _steps({"before": 3 * 86400}, first=_DAY, then=7 * _DAY),
        },
        {"target": "conduct_appeal", "rule": "R51", "span": 7 * _DAY, "calendar": always, "steps": _DAYS},
        {
            "target": "follow_up", "rule": "R61", "span": 7 * _DAY, "until_day_end": True, "calendar": service,
            "steps": _DAYS,
        },
        {
            "target": "promised_answer", "rule": "R62", "span": timedelta(0), "before_anchor": True,
            "calendar": always, "steps": _steps({"before": 3600}, first=_HOUR, then=_DAY),
        },
    ]  # fmt: skip


def install_complaints_and_calls(calendar_model: Any, policy_model: Any) -> None:
    """Add these promises to an installation that was made before there were any."""
    service = calendar_model.objects.filter(code="service-hours", current=True).first()
    always = calendar_model.objects.filter(code="round-the-clock", current=True).first()
    if service and always and not policy_model.objects.filter(target="case_study").exists():
        policy_model.objects.bulk_create(policy_model(**row) for row in complaints_and_calls(service, always))


def install_visit_hours(calendar_model: Any) -> None:
    """Make the calendar of the hours in which visits are offered, unless there is one (R26)."""
    _calendar(calendar_model, "visit-hours", ("Visiting hours", "上门时间", "到府時間"), week=[VISIT_HOURS] * 7)


def install_days(calendar_model: Any, day_model: Any, *, upto: int) -> None:
    """Give calendars of a country that have no dates yet its holidays and make-up workdays, to the end of a year."""
    day_model.objects.bulk_create(
        day_model(calendar_id=pk, **fields)
        for pk, country, week in calendar_model.objects.filter(current=True, days=None)
        .exclude(country="")
        .values_list("pk", "country", "week")
        for year in range(FIRST_YEAR, upto + 1)
        for fields in special_days.fields(country, year, week)
    )


def _working_days(model: Any, code: str, names: tuple[str, str, str], **fields: Any) -> Any:
    return _calendar(model, code, names, week=[OFFICE_HOURS] * 5 + [[], []], **fields)


def _calendar(model: Any, code: str, names: tuple[str, str, str], **fields: Any) -> Any:
    english, simplified, traditional = names
    words = {"name_en": english, "name_zh_hans": simplified, "name_zh_hant": traditional}
    return model.objects.get_or_create(code=code, current=True, defaults={**words, **fields})[0]
