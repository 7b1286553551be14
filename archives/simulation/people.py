"""The service desk of the demonstration: where it works, who works there, what it looks after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from django.db import transaction

from aftersales.accounts import duty, services_duty
from aftersales.accounts.actors import SYSTEM
from aftersales.accounts.models import Partner, Region, Team, User
from aftersales.accounts.roles import NoticeChannel, Role
from aftersales.core.time import now
from aftersales.customers.models import ProductModel
from visits.models import Technician

# code, names, home, zone, telephone country
REGIONS = [
    ("cn-shanghai", "Shanghai", "上海", "上海", True, "Asia/Shanghai", "CN"),
    ("cn-beijing", "Beijing", "北京", "北京", False, "Asia/Shanghai", "CN"),
    ("cn-guangzhou", "Guangzhou", "广州", "廣州", False, "Asia/Shanghai", "CN"),
    ("tw-taipei", "Taipei", "台北", "臺北", False, "Asia/Taipei", "TW"),
    ("tw-kaohsiung", "Kaohsiung", "高雄", "高雄", False, "Asia/Taipei", "TW"),
    ("hk", "Hong Kong", "香港", "香港", False, "Asia/Hong_Kong", "HK"),
]
# code, names, regions
TEAMS = [
    ("east", "East China", "华东", "華東", ["cn-shanghai"]),
    ("north", "North China", "华北", "華北", ["cn-beijing"]),
    ("south", "South China", "华南", "華南", ["cn-guangzhou"]),
    ("taiwan", "Taiwan", "台湾", "臺灣", ["tw-taipei", "tw-kaohsiung"]),
    ("hongkong", "Hong Kong", "香港", "香港", ["hk"]),
]
# user name, name, role, team, language; the first of each role is the account of the demonstration
STAFF = [
    ("clerk", "林晓明", Role.CLERK, "east", ""),
    ("clerk.wang", "王丽华", Role.CLERK, "east", "zh-hans"),
    ("clerk.zhou", "周敏", Role.CLERK, "east", "zh-hans"),
    ("clerk.li", "李静", Role.CLERK, "north", "zh-hans"),
    ("clerk.zhao", "赵文博", Role.CLERK, "north", "zh-hans"),
    ("clerk.huang", "黄春梅", Role.CLERK, "south", "zh-hans"),
    ("clerk.deng", "邓国栋", Role.CLERK, "south", "zh-hans"),
    ("clerk.tsai", "蔡怡君", Role.CLERK, "taiwan", "zh-hant"),
    ("clerk.hsu", "許雅婷", Role.CLERK, "taiwan", "zh-hant"),
    ("clerk.chan", "Emily Chan", Role.CLERK, "hongkong", "en"),
    ("clerk.leung", "梁嘉欣", Role.CLERK, "hongkong", "zh-hant"),
    ("dispatcher", "孙海燕", Role.DISPATCHER, "east", ""),
    ("dispatcher.gao", "高建国", Role.DISPATCHER, "north", "zh-hans"),
    ("dispatcher.luo", "罗桂兰", Role.DISPATCHER, "south", "zh-hans"),
    ("dispatcher.chen", "陳俊傑", Role.DISPATCHER, "taiwan", "zh-hant"),
    ("dispatcher.wong", "Peter Wong", Role.DISPATCHER, "hongkong", "en"),
    ("officer", "沈玉珍", Role.OFFICER, "east", ""),
    ("officer.lam", "林詠詩", Role.OFFICER, "hongkong", "zh-hant"),
    ("archivist", "韩磊", Role.ARCHIVIST, "east", ""),
    ("supervisor", "徐志强", Role.SUPERVISOR, "east", ""),
    ("supervisor.ma", "马洋", Role.SUPERVISOR, "north", "zh-hans"),
    ("supervisor.he", "何艳", Role.SUPERVISOR, "south", "zh-hans"),
    ("supervisor.lin", "林志偉", Role.SUPERVISOR, "taiwan", "zh-hant"),
    ("supervisor.ho", "Karen Ho", Role.SUPERVISOR, "hongkong", "en"),
    ("manager", "曹明辉", Role.MANAGER, "", ""),
    ("manager.liang", "梁淑芬", Role.MANAGER, "", "zh-hans"),
    ("admin", "Admin", Role.ADMIN, "", ""),
]
AWAY = ("supervisor.ho", "supervisor.lin")  # who is on leave soon, who stands in
_HOME = ["cooling", "gas", "kitchen", "laundry", "water"]
_FINE = ["electronics", "instrument", "survey", "software"]
WORKING_WEEK = [[["08:30", "12:30"], ["13:00", "22:00"]]] * 7
# user name, name, team, regions, skills
TECHNICIANS = [
    ("technician", "张伟", "east", ["cn-shanghai"], [*_HOME, "electronics"]),
    ("tech.liu", "刘勇", "east", ["cn-shanghai"], ["cooling", "laundry", "building"]),
    ("tech.wu", "吴俊杰", "east", ["cn-shanghai"], _FINE),
    ("tech.xu", "徐海", "east", ["cn-shanghai"], ["gas", "kitchen", "water", "laundry"]),
    ("tech.zhu", "朱浩然", "east", ["cn-shanghai"], ["electronics", "software", "building", "instrument"]),
    ("tech.partner", "沪东电器维修部", "east", ["cn-shanghai"], ["gas", "water", "cooling"]),  # an outside contractor
    ("tech.yang", "杨建国", "north", ["cn-beijing"], [*_HOME, "building"]),
    ("tech.sun", "孙磊", "north", ["cn-beijing"], _FINE),
    ("tech.song", "宋宇轩", "north", ["cn-beijing"], ["cooling", "electronics"]),
    ("tech.he", "何勇", "south", ["cn-guangzhou"], [*_HOME, "building"]),
    ("tech.liang", "梁文博", "south", ["cn-guangzhou"], [*_FINE, "cooling"]),
    ("tech.chen", "陳冠宇", "taiwan", ["tw-taipei"], [*_HOME, "electronics"]),
    ("tech.kuo", "郭家豪", "taiwan", ["tw-taipei", "tw-kaohsiung"], [*_FINE, "building"]),
    ("tech.tsai", "蔡明輝", "taiwan", ["tw-kaohsiung"], [*_HOME, "electronics"]),
    ("tech.cheung", "Jason Cheung", "hongkong", ["hk"], [*_HOME, "building"]),
    ("tech.ng", "吳梓軒", "hongkong", ["hk"], [*_FINE, "cooling"]),
]
CONTRACTORS = {"tech.partner"}  # R33
DEMO_ACCOUNTS = ["clerk", "dispatcher", "technician", "officer", "archivist", "supervisor", "manager", "admin"]

_A, _I, _S, _G, _B = (ProductModel.Line[name] for name in ("APPLIANCE", "INSTRUMENT", "SOFTWARE", "GPS", "BUILDING"))
# code, names, line, warranty in months, skill, family of faults
MODELS = [
    (
        "kfr-35gw",
        "Split air conditioner KFR-35GW",
        "分体空调 KFR-35GW",
        "分離式冷氣 KFR-35GW",
        _A,
        72,
        "cooling",
        "aircon",
    ),
    (
        "kfr-72lw",
        "Floor air conditioner KFR-72LW",
        "柜式空调 KFR-72LW",
        "立式冷氣 KFR-72LW",
        _A,
        72,
        "cooling",
        "aircon",
    ),
    (
        "mdv-160w",
        "Multi-split system MDV-160W",
        "中央空调 MDV-160W",
        "多聯式冷氣 MDV-160W",
        _A,
        72,
        "cooling",
        "aircon",
    ),
    ("bcd-452", "Refrigerator BCD-452", "多门冰箱 BCD-452", "多門冰箱 BCD-452", _A, 36, "cooling", "fridge"),
    ("bcd-216", "Refrigerator BCD-216", "三门冰箱 BCD-216", "三門冰箱 BCD-216", _A, 36, "cooling", "fridge"),
    ("xqg100", "Front-load washer XQG100", "滚筒洗衣机 XQG100", "滾筒洗衣機 XQG100", _A, 36, "laundry", "washer"),
    ("wd120", "Washer-dryer WD120", "洗烘一体机 WD120", "洗脫烘衣機 WD120", _A, 36, "laundry", "washer"),
    ("jsq30", "Gas water heater JSQ30", "燃气热水器 JSQ30", "瓦斯熱水器 JSQ30", _A, 24, "gas", "heater"),
    ("dsz60", "Electric water heater DSZ60", "电热水器 DSZ60", "電熱水器 DSZ60", _A, 24, "water", "heater"),
    ("cxw-258", "Range hood CXW-258", "油烟机 CXW-258", "抽油煙機 CXW-258", _A, 24, "kitchen", "kitchen"),
    ("dw-14", "Dishwasher DW-14", "洗碗机 DW-14", "洗碗機 DW-14", _A, 24, "kitchen", "kitchen"),
    ("ro-600", "Water purifier RO-600", "净水器 RO-600", "淨水器 RO-600", _A, 12, "water", "water"),
    ("kj-800", "Air purifier KJ-800", "空气净化器 KJ-800", "空氣清淨機 KJ-800", _A, 12, "electronics", "electronics"),
    ("tv-65q", "Television 65Q", "电视机 65Q", "電視機 65Q", _A, 12, "electronics", "electronics"),
    ("rv-s9", "Robot vacuum S9", "扫地机器人 S9", "掃地機器人 S9", _A, 12, "electronics", "electronics"),
    ("ba-220", "Analytical balance BA-220", "分析天平 BA-220", "分析天平 BA-220", _I, 12, "instrument", "instrument"),
    (
        "uv-1800",
        "Spectrophotometer UV-1800",
        "分光光度计 UV-1800",
        "分光光度計 UV-1800",
        _I,
        12,
        "instrument",
        "instrument",
    ),
    ("dso-4104", "Oscilloscope DSO-4104", "示波器 DSO-4104", "示波器 DSO-4104", _I, 36, "instrument", "instrument"),
    ("ph-3e", "Bench pH meter PH-3E", "台式酸度计 PH-3E", "桌上型酸鹼計 PH-3E", _I, 12, "instrument", "instrument"),
    ("ts-02", "Total station TS-02", "全站仪 TS-02", "全測站儀 TS-02", _I, 24, "survey", "survey"),
    ("gps-rtk8", "RTK receiver R8", "RTK 接收机 R8", "RTK 接收機 R8", _G, 12, "survey", "survey"),
    ("gps-v6", "Vehicle tracker V6", "车载定位终端 V6", "車載定位終端 V6", _G, 12, "survey", "survey"),
    ("sw-dealer", "Dealer Desk software", "门店管理软件", "門市管理軟體", _S, 12, "software", "software"),
    (
        "sw-lims",
        "Laboratory software LIMS",
        "实验室管理软件 LIMS",
        "實驗室管理軟體 LIMS",
        _S,
        12,
        "software",
        "software",
    ),
    ("ac-01", "Door access panel AC-01", "门禁主机 AC-01", "門禁主機 AC-01", _B, 24, "building", "building"),
]
FAMILY_OF = {row[0]: row[-1] for row in MODELS}
# code, name, team
PARTNERS = [("demo-partner", "Sunrise Home Retail", "east"), ("northlab", "NorthLab Instruments", "north")]


@dataclass
class Cast:
    """Everybody and everything that a simulated day needs, read once."""

    regions: dict[str, Region] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    team_of_region: dict[str, str] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)
    technicians: list[Technician] = field(default_factory=list)
    technician_regions: dict[int, set[str]] = field(default_factory=dict)
    models: list[ProductModel] = field(default_factory=list)
    partners: list[Partner] = field(default_factory=list)

    def technicians_in(self, region: str) -> list[Technician]:
        """Who makes visits there."""
        return [one for one in self.technicians if region in self.technician_regions[one.user_id]]

    def of(self, role: str, team: str = "") -> list[User]:
        """The people of a role, of this team where it has any; always in the same order."""
        everybody = [person for person in self.people.values() if person.role == role]
        return [person for person in everybody if person.team and person.team.code == team] or everybody


@transaction.atomic
def install(password_hash: str = "") -> Cast:
    """Make whatever of the demonstration is missing; what is there stays as it is.

    Everybody gets this password hash; without one nobody can sign in.
    """
    for code, english, hans, hant, home, zone, phone_region in REGIONS:
        names = {"name_en": english, "name_zh_hans": hans, "name_zh_hant": hant}
        Region.objects.get_or_create(
            code=code, defaults={**names, "is_home": home, "zone": zone, "phone_region": phone_region}
        )
    for code, english, hans, hant, regions in TEAMS:
        team, new = Team.objects.get_or_create(
            code=code, defaults={"name_en": english, "name_zh_hans": hans, "name_zh_hant": hant}
        )
        if new:
            team.regions.set(Region.objects.filter(code__in=regions))
    for code, english, hans, hant, line, months, skill, _family in MODELS:
        names = {"name_en": english, "name_zh_hans": hans, "name_zh_hant": hant}
        ProductModel.objects.get_or_create(
            code=code, defaults={**names, **_terms(line, months), "line": line, "skill": skill}
        )
    teams = {team.code: team for team in Team.objects.all()}
    _staff(teams, password_hash)
    for code, name, team_code in PARTNERS:
        Partner.objects.get_or_create(code=code, defaults={"name": name, "team": teams[team_code]})
    return load()


def _terms(line: str, months: int) -> dict[str, Any]:
    """Parts are free the longest; what is put in counts from its installation."""
    installed = line in (ProductModel.Line.BUILDING, ProductModel.Line.GPS)
    return {
        "warranty_starts": ProductModel.Starts.INSTALLATION if installed else ProductModel.Starts.PURCHASE,
        "labour_months": max(12, months // 2),
        "parts_months": months,
        "travel_months": 12,
    }


def _staff(teams: dict[str, Team], password_hash: str) -> None:
    known = set(User.objects.values_list("username", flat=True))
    rows: Iterable[tuple[str, str, str, str, str]] = [
        *STAFF,
        *((username, name, Role.TECHNICIAN, team, "") for username, name, team, _regions, _skills in TECHNICIANS),
    ]
    for username, name, role, team, language in rows:
        if username in known:
            continue
        # The hash is made once for all: fifty slow hashes would be most of the start.
        User(
            username=username,
            name=name,
            role=role,
            team=teams.get(team),
            language=language,
            email=f"{username}@example.com",
            channels=[NoticeChannel.EMAIL],
            quiet_from=time(22) if role == Role.SUPERVISOR else None,
            quiet_until=time(7) if role == Role.SUPERVISOR else None,
            password=password_hash or "!",
        ).save(force_insert=True)
    for supervisor in User.objects.filter(role=Role.SUPERVISOR).order_by("pk"):
        Team.objects.filter(members=supervisor, supervisor=None).update(supervisor=supervisor)
    if AWAY[0] not in known:
        _plans()
    for username, _name, _team, regions, skills in TECHNICIANS:
        if username in known:
            continue
        technician = Technician.objects.create(
            user=User.objects.get(username=username),
            skills={skill: 3 if skill == skills[0] else 2 for skill in skills},
            week=WORKING_WEEK,
            home_region=Region.objects.get(code=regions[0]),
            contractor=username in CONTRACTORS,
        )
        technician.regions.set(Region.objects.filter(code__in=regions))


def _plans() -> None:
    """A supervisor's leave to come with her deputy, and who is on duty on New Year's Day (R09)."""
    at = now()
    today = duty.today(at)
    away, deputy = (User.objects.get(username=name) for name in AWAY)
    starts_at = duty.midnight(today + timedelta(days=10))
    services_duty.plan_absence(
        away, starts_at=starts_at, ends_at=starts_at + timedelta(days=5), deputy=deputy, reason="年假", by=SYSTEM, at=at
    )
    for role, username in ((Role.SUPERVISOR, "supervisor"), (Role.MANAGER, "manager.liang")):
        people = User.objects.filter(username=username)
        services_duty.set_duty(date(today.year + 1, 1, 1), role, None, people, SYSTEM, at=at)


def load() -> Cast:
    """Read the people of the demonstration, in the order of the lists above, so that a seed always draws the same."""
    cast = Cast()
    cast.regions = {code: Region.objects.get(code=code) for code, *_rest in REGIONS}
    cast.teams = {team.code: team for team in Team.objects.select_related("supervisor").order_by("pk")}
    cast.team_of_region = {region: code for code, _en, _hans, _hant, regions in TEAMS for region in regions}
    names = [row[0] for row in STAFF] + [row[0] for row in TECHNICIANS]
    users = {user.username: user for user in User.objects.filter(username__in=names).select_related("team__supervisor")}
    cast.people = {name: users[name] for name in names if users[name].is_active}
    profiles = Technician.objects.filter(user__username__in=cast.people).prefetch_related("regions")
    by_name = {profile.user_id: profile for profile in profiles}
    cast.technicians = [
        by_name[user.pk] for user in cast.people.values() if user.role == Role.TECHNICIAN and user.pk in by_name
    ]
    people = {user.pk: user for user in users.values()}
    for technician in cast.technicians:
        technician.user = people[technician.user_id]
        cast.technician_regions[technician.user_id] = {region.code for region in technician.regions.all()}
    models = {model.code: model for model in ProductModel.objects.filter(code__in=FAMILY_OF)}
    cast.models = [models[code] for code in FAMILY_OF]
    partners = {partner.code: partner for partner in Partner.objects.select_related("team__supervisor")}
    cast.partners = [partners[code] for code, *_rest in PARTNERS]
    return cast
