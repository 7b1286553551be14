"""Skills in words."""

from collections.abc import Iterable

from django import template

from aftersales.customers import skills

register = template.Library()


@register.filter
def skill(code: str) -> str:
    """`{{ product.model.skill|skill }}`: the skill in the reader's language."""
    return skills.word(code)


@register.filter
def skill_list(codes: Iterable[str]) -> str:
    """`{{ technician.skills|skill_list }}`: several, joined by commas."""
    return ", ".join(skills.word(code) for code in codes)
