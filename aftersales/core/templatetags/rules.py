"""The id of a rule with its words as a tip."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from aftersales.core import rules

register = template.Library()


@register.simple_tag
def rule(rule_id: str) -> SafeString | str:
    """Show a rule's id; pointing at it or reading it aloud tells the rule."""
    return chip(rule_id)


@register.filter
def rule_text(rule_id: str) -> str:
    return rules.text(rule_id)


def chip(rule_id: str) -> SafeString | str:
    """The id as a small badge; nothing for no rule."""
    if not rule_id:
        return ""
    words = rules.text(rule_id)
    return format_html(
        '<span class="badge bg-secondary-lt" title="{}"><span class="visually-hidden">{} </span>{}'
        '<span class="visually-hidden">: {}</span></span>',
        f"{rule_id}: {words}",
        _("Rule"),
        rule_id,
        words,
    )
