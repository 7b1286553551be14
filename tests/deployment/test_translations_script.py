"""`scripts/translations.py`: finding texts and judging catalogues, without GNU gettext."""

import gettext
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "scripts"))
import translations  # noqa: E402

CODE = 'from django.utils.translation import gettext_lazy as _\nTITLE = _("Tickets of %(name)s")\n'
PAGE = """<p title="{% translate 'Due' %}">
{% blocktranslate count n=n %}{{ n }} visit{% plural %}{{ n }} visits{% endblocktranslate %}</p>
{% translate "May" context "month" %}"""
DONE = """msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"
msgid "Tickets of %(name)s"
msgstr "%(name)s的工单"
msgid "Due"
msgstr "到期"
msgctxt "month"
msgid "May"
msgstr "五月"
msgid "%(n)s visit"
msgid_plural "%(n)s visits"
msgstr[0] "%(n)s 次上门"
"""


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(translations, "TOP", tmp_path)
    monkeypatch.setattr(translations, "LANGUAGES", ("zh_Hans",))
    for name, text in {"tickets/views.py": CODE, "templates/page.html": PAGE}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def write(sources: Path, text: str) -> None:
    path = sources / "locale/zh_Hans/LC_MESSAGES/django.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_finds_texts_of_code_and_pages(sources: Path):
    found = {message.id for message in translations.found() if message.id}
    assert found == {"Tickets of %(name)s", "Due", "May", ("%(n)s visit", "%(n)s visits")}


def test_is_content_with_a_complete_catalogue(sources: Path, capsys: pytest.CaptureFixture[str]):
    write(sources, DONE)
    assert translations.check() == 0
    assert "4 texts, complete in zh_Hans" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('msgstr "到期"', 'msgstr ""', "templates/page.html:1  not translated: 'Due'"),
        ('msgid "Due"', '#, fuzzy\nmsgid "Due"', "not translated: 'Due'"),
        ('msgctxt "month"\n', "", "not translated: 'May'"),
        ("%(name)s的", "%(nom)s的", "placeholders differ: 'Tickets of %(name)s'"),
        ('msgstr[0] "%(n)s 次上门"', 'msgstr[0] ""', "not translated: '%(n)s visit'"),
    ],
)
def test_names_what_is_missing(sources: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, fault: str):
    write(sources, DONE.replace(before, after))
    assert translations.check() == 1
    assert fault in capsys.readouterr().out


def test_update_keeps_what_is_translated_and_drops_what_is_gone(sources: Path):
    write(sources, DONE.replace('msgid "Due"', 'msgid "Overdue"'))
    translations.update()
    text = (sources / "locale/zh_Hans/LC_MESSAGES/django.po").read_text()
    assert "的工单" in text
    assert 'msgid "Due"\nmsgstr ""' in text
    assert "Overdue" not in text


def test_update_changes_nothing_when_nothing_changed(sources: Path):
    write(sources, DONE)
    translations.update()
    once = (sources / "locale/zh_Hans/LC_MESSAGES/django.po").read_text()
    translations.update()
    assert (sources / "locale/zh_Hans/LC_MESSAGES/django.po").read_text() == once


def test_compiles_what_gettext_reads(sources: Path):
    write(sources, DONE)
    translations.compile_all()
    with (sources / "locale/zh_Hans/LC_MESSAGES/django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("Due") == "到期"
    assert catalogue.pgettext("month", "May") == "五月"
