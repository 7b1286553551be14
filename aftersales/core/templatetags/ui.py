"""Words, times, icons and telephone numbers as every page shows them.

frontend/src/clocks.js repeats the rules of `span` and of the clock chip, because a countdown goes on in the browser.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from html import escape
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from aftersales.core import phones

register = template.Library()

NEAR = timedelta(minutes=1)
FAR = timedelta(days=7)  # beyond it a date says more than a number of days


# ── Icons ───────────────────────────────────────────────────────────────────────────────────────────


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> str:
    """Draw an icon of the sprite: `{% icon "phone" %}`; with `label` it is read aloud, without it is decoration."""
    return _icon(str(name), str(label), css) if name else ""


@lru_cache(maxsize=2000)  # a list draws the same dozen hundreds of times
def _icon(name: str, label: str, css: str) -> str:
    return format_html(
        '<svg class="icon{}{}"{}><use href="{}#{}"></use></svg>',
        " icon-fill" if name.endswith("-filled") else "",
        f" {css}" if css else "",
        format_html(' role="img" aria-label="{}"', label) if label else mark_safe(' aria-hidden="true"'),
        _sprite(),
        name,
    )


@cache
def _sprite() -> str:
    """The address of the icons, which changes with a deployment only."""
    return static("dist/icons.svg")


# ── Languages ───────────────────────────────────────────────────────────────────────────────────────


@register.filter
def bcp47(code: str) -> str:
    """Write Django's language code as HTML wants it: zh-hans becomes zh-Hans."""
    language, dash, script = str(code or "en").partition("-")
    return f"{language}-{script.capitalize() if len(script) == 4 else script.upper()}" if dash else language


# ── Times ───────────────────────────────────────────────────────────────────────────────────────────


def span(length: timedelta, *, precise: bool = False) -> str:
    """Say a length in the fewest words that decide something: "4:09" (precise), "21 min", "21 h 03", "2 d 3 h"."""
    seconds = int(abs(length).total_seconds())
    minutes = seconds // 60
    if precise and minutes < 10:
        return _words()["ms"].format(m=minutes, s=f"{seconds % 60:02}")
    if minutes < 60:
        return _words()["m"].format(m=minutes)
    hours = minutes // 60
    if hours < 24:
        return _words()["hm"].format(h=hours, m=f"{minutes % 60:02}")
    return _words()["dh"].format(d=hours // 24, h=hours % 24)


def moment(value: datetime, now: datetime | None = None) -> str:
    """Write a local time no longer than it must be: the hour today, the day this year, else the whole date."""
    return _moment(value, timezone.localdate(now or timezone.now()), get_language() or "")


@lru_cache(maxsize=20_000)  # pages ask again every minute, and a date costs more than the rest of its line
def _moment(value: datetime, today: date, _language: str) -> str:
    local = timezone.localtime(value)
    if local.date() == today:
        return date_format(local, pgettext("time of today", "H:i"))
    if local.year == today.year:
        return date_format(local, pgettext("day and time of this year", "j M H:i"))
    return date_format(local, pgettext("day and time of another year", "j M Y H:i"))


def relative_words(value: datetime, now: datetime | None = None) -> str:
    """Say how far a moment is from now; a date when it is more than a week away."""
    now = now or timezone.now()
    away = value - now
    if abs(away) > FAR:
        return moment(value, now)
    if abs(away) < NEAR:
        return _words()["now"]
    return _words()["in" if away > timedelta(0) else "ago"].format(span=span(away))


@register.filter
def exact(value: datetime | None) -> str:
    """Write the whole local time with its weekday and zone, as plain text for titles and readers."""
    return "" if value is None else _exact(value, get_language() or "")


@lru_cache(maxsize=20_000)
def _exact(value: datetime, _language: str) -> str:
    local = timezone.localtime(value)
    written = date_format(local, pgettext("exact time", "D j M Y H:i"))
    return f"{written} {local.tzname()}"


def _time(value: datetime | None, text: str, *, live: bool) -> str:
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        value.isoformat(timespec="seconds"),
        exact(value),
        mark_safe(" data-relative") if live else "",
        text,
    )


@register.filter
def until(value: datetime | None) -> str:
    """Show "in 23 min", kept right by the browser; the exact time is its title."""
    return _time(value, relative_words(value) if value else "", live=True)


@register.filter
def ago(value: datetime | None) -> str:
    """Show "23 min ago", kept right by the browser; the exact time is its title."""
    return until(value)


@register.filter
def localdt(value: datetime | None) -> str:
    """Show a moment in local time, short, with the exact time as its title."""
    return _time(value, moment(value) if value else "", live=False)


@register.filter
def dayof(value: date | None) -> str:
    """Show a date with its weekday, short: "Thu 1 Oct"; the page says of which year."""
    return date_format(value, pgettext("date with its weekday", "D j M")) if value else ""


@register.filter
def duration(value: timedelta | None) -> str:
    """Show a length: "21 min", "21 h 03"."""
    return "" if value is None else span(value)


# ── Clocks ──────────────────────────────────────────────────────────────────────────────────────────


def _value(clock: Any, name: str) -> Any:
    found = clock.get(name) if isinstance(clock, dict) else getattr(clock, name, None)
    return found() if callable(found) else found


@register.simple_tag(takes_context=True)
def clock_chip(context: template.Context, clock: Any) -> str:
    """Draw one promise: its name, the time left or over, a ring; see templates/partials/clock_chip.html."""
    return chip(clock, context.get("server_time") or timezone.now())


def chip(clock: Any, now: datetime) -> SafeString:
    """Draw the chip of `clock` as it is at `now`.

    Written in Python and not as a template: a desk shows a hundred of them and the difference is 20 ms a page.
    """
    label, state = str(_value(clock, "label") or ""), str(_value(clock, "state") or "")
    due, warn, start, met = (_value(clock, name) for name in ("due_at", "warn_at", "started_at", "met_at"))
    late = bool(_value(clock, "overdue") or _value(clock, "met_late"))
    w = _words()
    level, mark, spoken, share = "quiet", "clock", "", 0.0
    if state == "running" and due:
        left = due - now
        over = left < timedelta(0)
        level = "late" if over else "warn" if warn and now >= warn else "calm"
        mark = "alert-triangle" if over else "clock"
        text = w["over"].format(span=span(left)) if over else w["left"].format(span=span(left, precise=True))
        spoken = text if over else w["left"].format(span=span(left))
        if start and due > start:
            share = max(0.0, min(1.0, left / (due - start)))
        hint = w["due"].format(time=exact(due))
        if over and _value(clock, "taken_care_of"):
            mark, hint = "hand-stop", f"{w['seen']}, {hint}"
    elif state == "paused":
        mark, text = "clock-pause", w["paused"]
        reason = str(_value(clock, "pause_word") or "")
        text = f"{text} · {reason}" if reason else text
        hint = text
    elif state == "met":
        late = bool(_value(clock, "met_late"))
        level, mark = "late" if late else "kept", "check"
        took = span(met - start) if met and start else ""
        text = w["over"].format(span=span(met - due)) if late and met and due else took
        hint = (w["met_late"] if late else w["met"]).format(time=exact(met))
    else:
        mark, text = "clock-stop", w["stopped"]
        level = "late" if late else "quiet"
        hint = text
    url = _value(clock, "explain_url")
    tag, link = ("a", f' href="{escape(url)}"') if url else ("span", "")
    label, hint, text, spoken = escape(label), escape(hint), escape(text), escape(spoken or text)
    return mark_safe(  # noqa: S308 (words are escaped above; the rest is written here)
        f'<{tag} class="clock-chip"{link} data-state="{escape(state)}" data-level="{level}" data-label="{label}"'
        f' data-exact="{hint}"{_data("due", due)}{_data("warn", warn)}{_data("start", start)} title="{hint}">'
        '<svg class="clock-ring" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9" pathLength="100">'
        '</circle><circle class="clock-ring-left" cx="12" cy="12" r="9" pathLength="100"'
        f' stroke-dashoffset="{100 - 100 * share:.0f}"></circle></svg>'
        f'<svg class="icon clock-chip-mark" aria-hidden="true"><use href="{_sprite()}#{mark}"></use></svg>'
        f'<span class="clock-chip-label">{label}</span> <span class="clock-chip-time" aria-hidden="true">{text}</span>'
        f'<span class="visually-hidden">{spoken}, {hint}</span></{tag}>'
    )


def _data(name: str, value: datetime | None) -> str:
    return f' data-{name}="{value.isoformat(timespec="milliseconds")}"' if value else ""


# ── People and numbers ──────────────────────────────────────────────────────────────────────────────


@register.filter
def phone_link(e164: str | None) -> str:
    """Show a stored number as people write it, to be dialled by a click."""
    if not e164:
        return ""
    return format_html('<a class="phone-link text-nowrap" href="tel:{}">{}</a>', e164, phones.display(str(e164)))


@register.filter
def grouped(number: int | None) -> str:
    """Write a count with a comma between thousands, in every language: "1,204"."""
    return "" if number is None else f"{number:,}"


# ── Form fields ─────────────────────────────────────────────────────────────────────────────────────


@register.simple_tag
def control(field: Any) -> str:
    """Draw a bound field's input with Tabler's class for its kind; Django ties its help and errors to it by id."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", "")
    name = type(widget).__name__
    if kind in ("radio", "checkbox"):
        css = "form-check-input"
    elif kind == "select" or name.startswith(("Select", "NullBooleanSelect")):
        css = "form-select"
    else:
        css = "form-control"
    css = f"{widget.attrs.get('class', '')} {css}{' is-invalid' if field.errors else ''}".strip()
    attrs: dict[str, Any] = {"class": css}
    described = [f"{field.auto_id}_helptext"] if field.help_text else []
    if field.errors:
        described.append(f"{field.auto_id}_error")
        attrs["aria-invalid"] = "true"
    if described and "aria-describedby" not in widget.attrs:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)


@register.simple_tag
def option(choice: Any) -> str:
    """Draw one radio or checkbox of a group with Tabler's class."""
    choice.data["attrs"]["class"] = "form-check-input"
    return choice.tag()


@register.filter
def shape(field: Any) -> str:
    """Tell how a field is laid out: "check", "choices" (radios, checkboxes), "hidden" or "line"."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    kind = getattr(widget, "input_type", "")
    if kind == "checkbox" and type(widget).__name__ == "CheckboxInput":
        return "check"
    return "choices" if kind in ("radio", "checkbox") else "line"


# ── Words for the scripts ───────────────────────────────────────────────────────────────────────────

_cache: dict[str, dict[str, str]] = {}


def _words() -> dict[str, str]:
    """Return the words that pages and scripts share, in the reader's language."""
    language = get_language() or "en"
    if language not in _cache:
        _cache[language] = {
            # Translators: a clock in minutes and seconds, "4:09".
            "ms": _("{m}:{s}"),
            "m": _("{m} min"),
            # Translators: hours and two-digit minutes, "21 h 03".
            "hm": _("{h} h {m}"),
            "dh": _("{d} d {h} h"),
            "left": _("{span} left"),
            # Translators: how long a promise is overdue, "+12 min".
            "over": _("+{span}"),
            "in": _("in {span}"),
            "ago": _("{span} ago"),
            "now": _("just now"),
            "due": _("due {time}"),
            "seen": _("somebody takes care of it"),
            "paused": _("paused"),
            "met": _("kept {time}"),
            "met_late": _("kept too late, {time}"),
            "stopped": _("ended"),
            "level_success": _("Done:"),
            "level_info": _("Note:"),
            "level_warning": _("Attention:"),
            "level_error": _("Not done:"),
            "close": _("Close"),
            "failed": _("That did not work. What you typed is still here; try again."),
            "forbidden": _("You may not do this, or your session has changed. Reload the page."),
            "gone": _("This no longer exists. Reload the page."),
            "offline": _("No connection. Nothing was sent; try again."),
            "slow": _("No answer yet. Reload the page to see whether it was saved."),
            "signed_out": _("You have been signed out. What you typed is kept."),
            "sign_in": _("Sign in"),
            "go_on": _("Go on"),
            "restored": _("What you typed before is back."),
            "discard": _("Discard"),
            "changed": _("changed – reload"),
            "changed_row": _("changed"),
            "show_changes": _("Show what changed"),
            "unsent": _("Not sent yet: {n}"),
            "unsent_sign_out": _(
                "{n} not sent yet. Sign out all the same? It stays on this telephone until you sign in again."
            ),
            "sign_out": _("Sign out"),
            "not_done": _("This could not be done; dispatch sees to it."),
            "seen_it": _("Seen"),
            "sign_in_to_send": _("Sign in again to send it."),
            "fill_in": _("Please fill in this field."),
            "sign_here": _("The customer signs here; if that cannot be, write why not."),
            "too_large": _("This file is too large: at most 10 MB."),
            "no_camera": _("The camera cannot be used: type the code instead."),
            "search_for": _("Search for “{query}”"),
        }
    return _cache[language]


@register.simple_tag
def ui_words() -> str:
    """Write the words that scripts show into the page, as data."""
    return json_script(_words(), "ui-words")
