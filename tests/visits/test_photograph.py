"""Photographs: real pictures only, bounded, without what a camera adds, once each, for whoever sees the visit."""

import io
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from tests.people import Cast
from tests.visits.helpers import complete
from tickets.models import Ticket
from visits.models import Photograph, Visit
from visits.services import commands
from visits.services import photograph as services
from visits.services.commands import Sent
from visits.services.photograph import read_photograph

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture(size: tuple[int, int] = (64, 48), fmt: str = "JPEG", **kwargs: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, fmt, **kwargs)
    return out.getvalue()


def add(cast: Cast, ticket: Ticket, **changed: Any) -> Photograph:
    known: dict[str, Any] = {
        "visit": ticket.visits.get().pk,
        "key": uuid4(),
        "file": io.BytesIO(picture()),
        "purpose": "damage",
        "by": cast.actor("technician"),
        "at": cast.at + timedelta(hours=3),
    }
    return services.add_photograph(ticket.pk, **{**known, **changed})


def with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera turned
    exif[0x010F] = "MakerOfCameras"
    exif.get_ifd(0x8825)[2] = (31.0, 14.0, 30.0)
    return picture(exif=exif)


@pytest.mark.rule("R11")
def test_keeps_the_picture_and_nothing_else(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    kept = add(cast, ticket, file=io.BytesIO(with_gps()), caption=" 水渍 ")
    content = kept.file.read()
    with Image.open(io.BytesIO(content)) as found:
        assert (found.format, found.size, dict(found.getexif())) == ("JPEG", (48, 64), {})
    assert b"MakerOfCameras" not in content
    assert b"Exif" not in content
    assert (kept.caption, kept.purpose, kept.width, kept.height) == ("水渍", "damage", 48, 64)
    assert len(kept.sha256) == 64


def test_keeps_the_same_upload_once(cast: Cast) -> None:
    ticket, key = cast.ticket_in("visiting"), uuid4()
    rows = {add(cast, ticket, key=key).pk for _once in range(50)}
    assert len(rows) == Photograph.objects.count() == 1


@pytest.mark.parametrize("fmt", ["PNG", "WEBP"])
def test_writes_other_formats_as_jpeg(fmt: str) -> None:
    read = read_photograph(io.BytesIO(picture((3000, 1500), fmt)))
    with Image.open(io.BytesIO(read.content)) as found:
        assert (found.format, found.size, (read.width, read.height)) == ("JPEG", (2000, 1000), (2000, 1000))
    with Image.open(io.BytesIO(read.small)) as small:
        assert small.size == (320, 160)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 not a picture", "unreadable"),
        (picture()[:200], "unreadable"),
        (picture(fmt="GIF"), "unreadable"),
        (picture((6000, 6000), "PNG"), "too_many_pixels"),
        (picture((20000, 20000), "PNG"), "too_many_pixels"),
        (b"x" * (10 * 1024 * 1024 + 1), "too_large"),
    ],
    ids=["empty", "pdf", "cut off", "gif", "36 megapixels", "bomb", "10 MB and a byte"],
)
def test_says_what_is_wrong_with_a_file(cast: Cast, content: bytes, code: str) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(Invalid) as refused:
        add(cast, ticket, file=SimpleUploadedFile("x.jpg", content))
    assert (refused.value.errors[0][0], refused.value.errors[0][1]) == ("file", code)
    assert not Photograph.objects.exists()


def test_reads_a_large_jpeg_at_a_fraction() -> None:
    assert read_photograph(io.BytesIO(picture((8000, 6000)))).width == 2000


def test_takes_thirty_and_no_more(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    first = add(cast, ticket)
    Photograph.objects.bulk_create(
        Photograph(visit=first.visit, key=uuid4(), purpose="other", width=1, height=1, added_at=cast.at)
        for _one in range(29)
    )
    with pytest.raises(NotAllowed) as refused:
        add(cast, ticket)
    assert refused.value.code == "too_many"


def test_takes_none_of_strangers_or_after_the_end(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(Forbidden):
        add(cast, ticket, by=cast.actor("clerk"))
    with pytest.raises(Invalid) as refused:
        add(cast, ticket, purpose="selfie")
    assert refused.value.errors[0][0] == "purpose"
    complete(cast, ticket)
    with pytest.raises(Exception, match="No visit is planned"):
        add(cast, ticket)
    assert not Photograph.objects.exists()


def test_belongs_to_one_visit(cast: Cast) -> None:
    key = uuid4()
    other = cast.visited(phone="138 0000 4413", customer_name="李雷", serial="X-9")
    add(cast, cast.ticket_in("visiting"), key=key)
    with pytest.raises(Invalid) as refused:
        add(cast, other, key=key, by=cast.actor("dispatcher"))
    assert refused.value.errors[0][1] == "other_visit"


# ── from a telephone that was without a network ────────────────────────────────────────────────
def kept_on_a_telephone(key: UUID, content: bytes, number: int = 1, device: UUID | None = None) -> Sent:
    file = SimpleUploadedFile("photograph.jpg", content)
    data = {"key": [str(key)], "purpose": ["plate"], "caption": ["接头"]}
    return Sent(key, device or uuid4(), number, "add_photograph", timedelta(hours=1), data, "file", file)


def test_a_photograph_kept_on_a_telephone_is_one_however_often_it_comes(cast: Cast) -> None:
    ticket, key, device = cast.ticket_in("visiting"), uuid4(), uuid4()
    visit, at = ticket.visits.get(), cast.at + timedelta(hours=4)
    add(cast, ticket, key=key)  # it had arrived, and the answer never came
    for _once in range(3):
        one = kept_on_a_telephone(key, picture(), device=device)
        assert commands.receive(visit, one, by=cast.actor("technician"), at=at).state == "done"
    another = kept_on_a_telephone(uuid4(), picture(), 2, device)
    commands.receive(visit, another, by=cast.actor("technician"), at=at)
    commands.receive(visit, another, by=cast.actor("technician"), at=at)
    kept = Photograph.objects.exclude(key=key).get()
    assert (kept.key, kept.caption, kept.added_at) == (another.id, "接头", at - timedelta(hours=1))


def test_what_is_no_photograph_is_kept_for_a_person(cast: Cast, client: Client) -> None:
    visit = cast.ticket_in("visiting").visits.get()
    one = kept_on_a_telephone(uuid4(), b"no picture")
    kept = commands.receive(visit, one, by=cast.actor("technician"), at=cast.at + timedelta(hours=4))
    assert (kept.state, bool(kept.file)) == ("conflict", True)
    client.force_login(cast.user("dispatcher"))
    page = client.get("/dispatch/from-telephones/").content.decode()
    assert "This is no photograph that we can read" in page
    assert ">Photograph<" in page
    assert str(one.id) not in page.split("<dl")[1].split("</dl>")[0]


def test_the_file_of_a_telephone_is_let_go_when_it_is_a_photograph(
    cast: Cast, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    visit = cast.ticket_in("visiting").visits.get()
    with django_capture_on_commit_callbacks(execute=True):
        one = kept_on_a_telephone(uuid4(), picture())
        commands.receive(visit, one, by=cast.actor("technician"), at=cast.at + timedelta(hours=4))
    assert not [path for path in (settings.MEDIA_ROOT / "commands").rglob("*") if path.is_file()]


# ── the page ───────────────────────────────────────────────────────────────────────────────────
def send(client: Client, visit: Visit, content: bytes, key: UUID | None = None, **headers: str) -> Any:
    file = SimpleUploadedFile("IMG_1.jpg", content, "image/jpeg")
    values = {"key": str(key or uuid4()), "purpose": "plate", "caption": "", "file": file}
    return client.post(f"/visits/{visit.pk}/photographs/", values, headers=headers)


def test_is_sent_and_seen_from_the_page(cast: Cast, client: Client) -> None:
    visit = cast.ticket_in("visiting").visits.get()
    client.force_login(cast.technician)
    assert send(client, visit, picture())["Location"] == f"/visits/{visit.pk}/#photographs"
    kept = Photograph.objects.get()
    answer = client.get(f"/visits/{visit.pk}/photographs/{kept.key}/?small=1")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"].startswith("private")
    assert f"/photographs/{kept.key}/?small=1" in client.get(f"/visits/{visit.pk}/").content.decode()


def test_says_why_not_on_the_page_and_to_a_script(cast: Cast, client: Client) -> None:
    visit = cast.ticket_in("visiting").visits.get()
    client.force_login(cast.technician)
    answer = send(client, visit, b"no picture", accept="application/json")
    assert answer.status_code == 422
    assert json.loads(answer.content)["errors"]["file"][0]["message"].startswith("This is no photograph")
    page = client.get(send(client, visit, b"no picture")["Location"])
    assert "This is no photograph that we can read" in page.content.decode()


def test_refuses_forty_megabytes_before_reading_them(cast: Cast, client: Client) -> None:
    visit = cast.ticket_in("visiting").visits.get()
    client.force_login(cast.technician)
    answer = send(client, visit, b"x" * 40_000_000)
    assert (answer.status_code, answer.content.decode()) == (413, "The request is larger than 11 MB.")
    assert not Photograph.objects.exists()


def test_is_seen_by_whoever_may_see_the_visit(cast: Cast, client: Client) -> None:
    ticket = cast.ticket_in("visiting")
    kept = add(cast, ticket)
    path = f"/visits/{kept.visit_id}/photographs/{kept.key}/"
    seen = {}
    for role, name in (("technician", ""), ("technician", "Wang"), ("clerk", ""), ("archivist", ""), ("admin", "")):
        client.force_login(cast.technician if (role, name) == ("technician", "") else cast.user(role, name))
        seen[role + name] = client.get(path).status_code
    assert seen == {"technician": 200, "technicianWang": 404, "clerk": 200, "archivist": 200, "admin": 404}
    assert client.get(f"/visits/{kept.visit_id + 1}/photographs/{kept.key}/").status_code == 404
