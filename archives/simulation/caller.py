"""A caller: who they are, where they live, what is wrong, and how they reach us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.roles import Scope
from archives.simulation import words, words_people
from archives.simulation.people import FAMILY_OF
from archives.simulation.words import Fault
from archives.simulation.world import Known, World, office_hours
from tickets.services.intake import Intake, Window
from tickets.states import Channel, Kind

KINDS = {
    Kind.REPAIR: 50,
    Kind.INSTALLATION: 14,
    Kind.CONSULTATION: 12,
    Kind.MAINTENANCE: 7,
    Kind.COMPLAINT: 7,
    Kind.RETURN: 3,
    Kind.EXCHANGE: 3,
    Kind.OUT_OF_STOCK: 2,
    Kind.TRAINING: 2,
}
CHANNELS = {
    Channel.HOTLINE: 58,
    Channel.WECHAT: 13,
    Channel.WEBSITE: 8,
    Channel.CHAT: 5,
    Channel.EMAIL: 4,
    Channel.SALES: 3,
    Channel.WALK_IN: 2,
    Channel.LETTER: 1,
    Channel.PARTNER: 6,
}
WITHOUT_PEOPLE = (Channel.WEBSITE, Channel.WECHAT, Channel.EMAIL, Channel.PARTNER)  # these come at night, too
REGIONS = {"cn-shanghai": 40, "cn-beijing": 14, "cn-guangzhou": 14, "tw-taipei": 14, "tw-kaohsiung": 6, "hk": 12}
VISITS = {Kind.REPAIR: 0.8, Kind.INSTALLATION: 1, Kind.MAINTENANCE: 1, Kind.TRAINING: 1, Kind.EXCHANGE: 0.3}


@dataclass(frozen=True)
class Script:
    """What a life is asked to contain; the rest is chance."""

    kind: str = ""
    region: str = ""
    channel: str = ""
    grade: int = 0
    owner: str = ""
    technician: str = ""
    fate: str = ""  # "", "refused", "cancelled", "silent" (nobody calls the customer), "offered"
    meeting: str = ""  # one of archives.simulation.visiting.MEETINGS, for each visit but the last of three
    scene: str = ""  # one of archives.simulation.scenes, which asks for an address and a product


def draw(rng: Random, weights: dict[Any, int]) -> Any:
    """Draw one by weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


class Caller:
    """Draws one request; `request` is what the intake takes, `at` when it comes."""

    def __init__(self, world: World, rng: Random, at: datetime, script: Script) -> None:
        self.world, self.rng, self.at, self.script = world, rng, at, script
        self.region = script.region or draw(rng, REGIONS)
        self.request = Intake(kind=script.kind or draw(rng, KINDS), channel=script.channel or draw(rng, CHANNELS))
        self.request.region = world.cast.regions[self.region]
        if self.request.channel not in WITHOUT_PEOPLE:
            self.at = office_hours(at, rng)
            if self.at > world.until:  # too late in the evening: it came by the website
                self.at, self.request.channel = world.until - timedelta(minutes=rng.uniform(5, 90)), Channel.WEBSITE
        self.partner = rng.choice(world.cast.partners) if self.request.channel == Channel.PARTNER else None
        before = world.known[self.circle]
        known = rng.choice(before) if before and rng.random() < 0.3 else None
        self.language = known.language if known else self._tongue()
        self._say_who(known)
        self._say_where(known)
        self._say_what(known)

    @property
    def circle(self) -> str:
        """Callers come again in their region, a partner's customers through that partner."""
        return f"{self.region} {self.partner.code if self.partner else ''}"

    def system(self) -> Actor | None:
        """The partner's system, when it is that which calls."""
        if self.partner is None:
            return None
        scopes = frozenset({Scope.READ.value, Scope.CREATE.value, Scope.ACT.value})
        return Actor(Door.API, partner=self.partner, scopes=scopes)

    def _tongue(self) -> int:
        if self.region == "hk" and self.rng.random() < 0.3:
            return words.ENGLISH
        return words.HANS if self.region.startswith("cn") else words.HANT

    def _say_who(self, known: Known | None) -> None:
        rng, request, language = self.rng, self.request, self.language
        if known is not None:
            request.customer_name, request.phone = known.customer.name, known.phone
            request.customer = known.customer if self.partner is None else None
            return
        if rng.random() < 0.12:
            request.customer_name = rng.choice(words_people.ORGANISATIONS)[language]
        else:
            request.customer_name = words_people.full_name(rng, language)
        request.phone = phone_number(rng, self.region)
        request.email = f"customer{rng.randrange(10**6)}@example.com" if rng.random() < 0.25 else ""
        request.language = ("zh-hans", "zh-hant", "en")[language]
        request.vip = rng.random() < 0.06

    def _say_where(self, known: Known | None) -> None:
        rng, request = self.rng, self.request
        if known and known.sites and rng.random() < 0.85:
            site = rng.choice(known.sites)
            if self.partner is None:
                request.site = site
            else:
                request.address = site.address
        elif rng.random() < 0.92 or self.script.scene:
            request.address = address(rng, self.region, self.language)
            request.access_hours = rng.choice(words_people.ACCESS)[self.language] if rng.random() < 0.3 else ""

    def _say_what(self, known: Known | None) -> None:
        rng, request, language = self.rng, self.request, self.language
        old = rng.choice(known.products) if known and known.products and rng.random() < 0.65 else None
        model = old.model if old else rng.choice(self.world.cast.models)
        if old is not None and self.partner is None:
            request.product = old
        elif request.kind != Kind.CONSULTATION or rng.random() < 0.5:
            request.model = model
            request.serial = old.serial if old else f"{model.code[:2].upper()}-{rng.randrange(16**7):07X}"
            if rng.random() < 0.7:
                request.purchased_on = (self.at - timedelta(days=rng.uniform(3, 1800))).date()
                request.installed_on = request.purchased_on
                request.voucher_number = f"FP{rng.randrange(10**8):08d}"
        self.fault: Fault = rng.choice(words.FAULTS[FAMILY_OF.get(model.code, "electronics")])
        wanted = words.REQUESTS.get(request.kind)
        name = (model.name_zh_hans, model.name_zh_hant, model.name_en)[language]
        request.summary = rng.choice(wanted)[language].format(model=name) if wanted else self.fault.says[language]
        details = rng.sample(words.DETAILS, rng.choice((0, 1, 1, 2)))
        request.description = "\n".join(text[language] for text in details)
        request.grade = self.script.grade or (self.fault.grade if request.kind == Kind.REPAIR else rng.choice((3, 4)))
        placed = request.site is not None or bool(request.address)
        request.visit_needed = placed and (rng.random() < VISITS.get(Kind(request.kind), 0) or bool(self.script.scene))
        if request.visit_needed and rng.random() < 0.3:
            suits = office_hours(self.at + timedelta(hours=rng.choice((12, 24, 36))), rng).replace(minute=0, second=0)
            request.wished_windows = [Window(suits, suits + timedelta(hours=3))]
        if self.partner is not None:  # with the second of the call: another story of the same seed has other numbers
            request.external_id = f"{self.partner.code[:2].upper()}{self.at:%y%m%d%H%M%S}{rng.randrange(10**5):05d}"


def phone_number(rng: Random, region: str) -> str:
    """A number as callers of the region say it: mostly mobile, some landlines, a few with an extension."""

    def some(count: int) -> str:
        return "".join(str(rng.randrange(10)) for _i in range(count))

    mobile = rng.random() < 0.82
    if region == "hk":
        return f"{rng.choice('569' if mobile else '23')}{some(3)} {some(4)}"
    if region.startswith("tw"):
        if mobile:
            return f"09{some(2)}-{some(3)}-{some(3)}"
        line = f"02-2{some(3)}-{some(4)}" if region == "tw-taipei" else f"07-3{some(2)}-{some(4)}"
        return f"{line} 轉 {rng.randint(10, 99)}" if rng.random() < 0.3 else line
    if mobile:
        return f"{rng.choice(('131', '135', '138', '139', '150', '159', '186', '187', '189'))} {some(4)} {some(4)}"
    area = {"cn-shanghai": "021", "cn-beijing": "010", "cn-guangzhou": "020"}[region]
    line = f"{area}-{rng.choice('68')}{some(3)} {some(4)}"
    return f"{line} 转 {rng.randint(100, 999)}" if rng.random() < 0.2 else line


def address(rng: Random, region: str, language: int) -> str:
    """A street, a number and a flat, written as the caller's language writes them."""
    street, city = rng.choice(words_people.STREETS[region])[language], words_people.CITY[region][language]
    number, floor, flat = rng.randint(2, 1990), rng.randint(1, 28), rng.randint(1, 6)
    if language == words.ENGLISH:
        return f"Flat {flat}, {floor}/F, {number} {street}, {city}"
    if language == words.HANS:
        return f"{city}{street}{number}号{rng.randint(1, 30)}幢{floor:02d}{flat:02d}室"
    tail = f"之{flat}" if region.startswith("tw") else f"{'ABCDEF'[flat - 1]}室"
    return f"{city}{street}{number}號{floor}樓{tail}"
