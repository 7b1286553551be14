"""What a service desk keeps beside people and products: fault codes, parts and the vans they lie in, prices."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from aftersales.accounts import duty
from aftersales.accounts.roles import Role
from aftersales.customers.models import ProductModel
from archives.simulation.people import Cast
from archives.simulation.steps import person
from visits.models import FaultCode, Leave, Part, PriceItem, Technician
from visits.services import charge, finding, stock, travel
from visits.services import technician as services
from visits.states import LeaveKind
from visits.states_work import Carries

_A, _I, _S, _G, _B = (ProductModel.Line[name] for name in ("APPLIANCE", "INSTRUMENT", "SOFTWARE", "GPS", "BUILDING"))
# code, names, line
FAULT_CODES = [
    ("no-power", "No power", "不通电", "不通電", ""),
    ("noise", "Noise or vibration", "异响或振动", "異音或震動", ""),
    ("leak-water", "Leaks water", "漏水", "漏水", _A),
    ("leak-refrigerant", "Leaks refrigerant", "冷媒泄漏", "冷媒洩漏", _A),
    ("leak-gas", "Leaks gas", "燃气泄漏", "瓦斯洩漏", _A),
    ("board", "Board broken", "控制板损坏", "控制板損壞", _A),
    ("blocked", "Blocked or dirty", "堵塞或脏污", "堵塞或髒污", _A),
    ("drift", "Reading drifts", "示值漂移", "示值漂移", _I),
    ("sensor", "Sensor broken", "传感器损坏", "感測器損壞", _I),
    ("no-fix", "No position", "无法定位", "無法定位", _G),
    ("licence", "Licence or sign-in", "授权或登录", "授權或登入", _S),
    ("data", "Data damaged", "数据损坏", "資料損壞", _S),
    ("contact", "Loose contact", "接触不良", "接觸不良", _B),
    ("installation", "Installed wrongly", "安装不当", "安裝不當", ""),
]
# What a family of faults is called by who finds it.
CODE_OF = {
    "aircon": "leak-refrigerant", "fridge": "leak-refrigerant", "washer": "leak-water", "heater": "no-power",
    "kitchen": "blocked", "water": "leak-water", "electronics": "board", "instrument": "drift", "survey": "no-fix",
    "software": "licence", "building": "contact",
}  # fmt: skip
# number, name, line, price, serialised, carries, the old one goes back, pieces in a van
PARTS = [
    ("KT-BD-35", "空调主板 35", _A, "380.00", True, Carries.NOTHING, True, 2),
    ("KT-VL-01", "截止阀", _A, "65.00", False, Carries.NOTHING, False, 4),
    ("XY-PMP-2", "排水泵", _A, "120.00", False, Carries.NOTHING, True, 3),
    ("RQ-IGN-1", "点火器", _A, "88.00", False, Carries.NOTHING, True, 2),
    ("YQ-SEN-7", "称重传感器", _I, "960.00", True, Carries.NOTHING, True, 1),
    ("YQ-BAT-3", "仪器电池", _I, "45.00", False, Carries.NOTHING, False, 3),
    ("GPS-MOD-6", "定位模块", _G, "520.00", True, Carries.SERIAL, True, 1),
    ("GPS-SIM-4G", "物联网卡", _G, "30.00", True, Carries.SIM, False, 2),
    ("MJ-RLY-1", "门禁继电器", _B, "75.00", False, Carries.NOTHING, True, 2),
    ("TY-CAB-2", "通用电源线", "", "18.00", False, Carries.NOTHING, False, 5),
]
# code, name, amount
PRICES = [
    ("visit", "上门费", "50.00"),
    ("hour", "工时费（每小时）", "120.00"),
    ("clean", "深度清洗", "180.00"),
    ("refill", "加冷媒（每公斤）", "150.00"),
    ("install", "安装费", "260.00"),
    ("data", "数据恢复", "400.00"),
]
WAYS = [("tw-taipei", "tw-kaohsiung", 150), ("cn-shanghai", "cn-shanghai", 25), ("hk", "hk", 20)]  # minutes
# user name, kind, hours from this morning's midnight on
LEAVES = [
    ("tech.xu", LeaveKind.SICK, 0, 24),
    ("tech.liang", LeaveKind.LEAVE, 24, 96),
    ("tech.kuo", LeaveKind.TRAINING, 57, 66),
    ("tech.zhu", LeaveKind.DUTY_OFF, 37, 46),
]
ON_DUTY = ("tech.liu", "tech.cheung")
LINE_OF_SKILL = {
    "cooling": _A, "laundry": _A, "gas": _A, "kitchen": _A, "water": _A, "electronics": _A, "instrument": _I,
    "survey": _G, "building": _B,
}  # fmt: skip


@transaction.atomic
def install(cast: Cast, *, at: datetime) -> None:
    """Make the codes, prices, parts, van stock and leave that are missing; what is there stays as it is."""
    leader = person(cast.of(Role.SUPERVISOR)[0])
    codes = set(FaultCode.objects.values_list("code", flat=True))
    for code, english, hans, hant, line in FAULT_CODES:
        if code not in codes:
            finding.save_fault_code(
                code=code, name_en=english, name_zh_hans=hans, name_zh_hant=hant, line=line, by=leader
            )
    prices = set(PriceItem.objects.values_list("code", flat=True))
    for code, name, amount in PRICES:
        if code not in prices:
            charge.save_price(code=code, name=name, amount=Decimal(amount), by=leader)
    if not Part.objects.exists():
        _stock(cast)
        _ways(cast)
    if not Leave.objects.exists():
        _leave(cast, at)


def _stock(cast: Cast) -> None:
    """The catalogue of parts, and in each van what its technician repairs."""
    keeper = person(cast.of(Role.ARCHIVIST)[0])
    pieces = []
    for number, name, line, price, serialised, carries, old_owed, count in PARTS:
        part = stock.save_part(
            number=number,
            name=name,
            line=line,
            price=Decimal(price),
            serialised=serialised,
            carries=carries,
            old_owed=old_owed,
            by=keeper,
        )
        pieces.append((part, count))
    for technician in cast.technicians:
        for part, count in pieces:
            if part.line in ("", *lines_of(technician)):
                stock.issue(technician.user, part, count, by=keeper)


def lines_of(technician: Technician) -> set[str]:
    """The product lines that a technician repairs."""
    return {LINE_OF_SKILL[skill] for skill in technician.skills if skill in LINE_OF_SKILL}


def _ways(cast: Cast) -> None:
    leader = person(cast.of(Role.SUPERVISOR)[0])
    for origin, destination, minutes in WAYS:
        start, end = cast.regions[origin], cast.regions[destination]
        travel.save_row(start, {end.pk: minutes}, by=leader)


def _leave(cast: Cast, at: datetime) -> None:
    """Who is not there: ill since this morning, on leave from tomorrow, at a training; and who works on New Year."""
    by = person(cast.of(Role.SUPERVISOR)[0])
    today = duty.midnight(duty.today(at))
    for username, kind, start, end in LEAVES:
        starts_at, ends_at = (today + timedelta(hours=hour) for hour in (start, end))
        services.plan_leave(
            cast.people[username].pk, starts_at=starts_at, ends_at=ends_at, kind=kind, by=by, at=min(at, starts_at)
        )
    new_year = date(duty.today(at).year + 1, 1, 1)
    for username in ON_DUTY:
        services.set_duty(cast.people[username].pk, date=new_year, by=by, at=at)
