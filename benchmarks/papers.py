"""What a service sheet costs, printed as JSON: [[name, value, unit, goal, good, note], …].

    python -m benchmarks.papers

The same pages twice: with the system's whole Noto CJK, read anew for each sheet as WeasyPrint does by itself, and as
the product prints them. By turns, in one process, so that what else the machine does hits both.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import django

django.setup()

from django.template.loader import render_to_string  # noqa: E402
from django.utils import timezone  # noqa: E402

from aftersales.accounts.models import Region, User  # noqa: E402
from aftersales.customers.models import Customer, CustomerPhone, Product, ProductModel, Site  # noqa: E402
from tickets.models import Ticket  # noqa: E402
from visits import fonts, papers, printing  # noqa: E402
from visits.models import Paper, Visit  # noqa: E402
from visits.states import PaperKind, VisitState  # noqa: E402

ROUNDS = 15
START = datetime(2026, 3, 4, 4, tzinfo=UTC)


def sheet() -> Paper:
    """A usual sheet: a report of a few sentences in Chinese, a comment, no photographs; no database knows it."""
    region = Region(code="cn-shanghai", name_zh_hans="上海", zone="Asia/Shanghai", phone_region="CN")
    customer = Customer(pk=1, name="王秀英", language="zh-hans")
    customer._prefetched_objects_cache = {"phones": CustomerPhone.objects.none()}  # type: ignore[attr-defined]
    model = ProductModel(code="kfr-35gw", name_en="KFR-35GW air conditioner", name_zh_hans="KFR-35GW 空调")
    product = Product(model=model, serial="KF-124A7F9", purchased_on=date(2025, 5, 1), voucher_number="FP20250501")
    ticket = Ticket(
        number="T20260304-00001",
        kind="repair",
        customer=customer,
        contact_phone="138 0000 4412",
        site=Site(customer=customer, address="上海市浦东新区张杨路500号华润时代广场2103室", region=region),
        product=product,
        summary="空调不制冷，吹出来是热风",
    )
    visit = Visit(
        ticket=ticket,
        technician=User(name="李明"),
        state=VisitState.COMPLETED,
        order_number="D20260304-00001",
        window_start=START,
        window_end=START + timedelta(hours=2),
        en_route_at=START - timedelta(minutes=40),
        checked_in_at=START,
        ended_at=START + timedelta(hours=1),
        finding="室外机冷媒泄漏，接头处有油迹，压力偏低；滤网积灰严重，出风量不足。客户称昨晚断电重启过，无效。",
        work_done="更换接头并焊接，抽真空后补充制冷剂，清洗滤网；试机三十分钟，出风温度正常，向客户讲解了日常清洁方法。",
        customer_comment="师傅准时到达，态度很好，讲解清楚。",
        satisfaction=5,
        unsigned_reason="客户委托邻居接待",
    )
    form = papers.kinds.get(PaperKind.SERVICE_SHEET)
    assert form is not None
    content = form.content(visit)  # the sections read the database, which knows no such visit
    number = "S20260304-00001"
    return Paper(
        kind=PaperKind.SERVICE_SHEET,
        number=number,
        content=content,
        content_sha256=papers.digest(PaperKind.SERVICE_SHEET, number, content),
        code="ABCDEFGH23456789",
        created_at=timezone.now(),
    )


def naive(pages: dict[str, str]) -> bytes:
    """WeasyPrint as its manual shows it, with the fonts that the system has."""
    from weasyprint import CSS, HTML

    style = render_to_string("visits/papers/paper.css")
    for tag, own in fonts.OWN.items():
        style = style.replace(f'"{own}", "{fonts.SYSTEM[tag]}"', f'"{fonts.SYSTEM[tag]}"')
    documents = [HTML(string=html).render(stylesheets=[CSS(string=style)]) for html in pages.values()]
    whole: bytes = documents[0].copy([page for one in documents for page in one.pages]).write_pdf()
    return whole


def ours(pages: dict[str, str]) -> bytes:
    return printing.to_pdf(pages).all_copies


def main() -> None:
    began = time.perf_counter()
    cuts = fonts.ready()
    made = time.perf_counter() - began
    pages = printing.copies_html(sheet())
    ways: dict[str, Callable[[dict[str, str]], bytes]] = {"naive": naive, "ours": ours}
    times: dict[str, list[float]] = {name: [] for name in ways}
    sizes: dict[str, int] = {}
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            sizes[name] = len(way(pages))
            if turn:  # the first of each reads libraries and fonts
                times[name].append(1000 * (time.perf_counter() - began))
    usual = {name: statistics.median(found) for name, found in times.items()}
    ratio = statistics.median(mine / other for mine, other in zip(times["ours"], times["naive"], strict=True))
    kilobytes = {name: size / 1000 for name, size in sizes.items()}
    rows: list[list[Any]] = [
        ["the fonts' subset, once (0 when it was there)", 1000 * made, "ms", "", None, f"{len(cuts)} files"],
        ["service sheet, two copies, whole Noto CJK", usual["naive"], "ms", "", None, ""],
        ["service sheet, two copies, subset", usual["ours"], "ms", "", None, ""],
        ["paper: share of the naive time", ratio, "", "≤ 0.70", ratio <= 0.7, f"{ROUNDS} rounds by turns"],
        ["service sheet, whole Noto CJK", kilobytes["naive"], "kB", "", None, ""],
        ["service sheet without photographs", kilobytes["ours"], "kB", "≤ 150", kilobytes["ours"] <= 150, ""],
    ]
    print(json.dumps(rows, ensure_ascii=False))


if __name__ == "__main__":
    main()
