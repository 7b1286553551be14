"""Reference data that carries its name in the three languages of the product."""

from typing import Any, Protocol

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Named(models.Model):
    """Something with a stable code and three names; `name` is the one in the reader's language."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_en = models.CharField(_("name (English)"), max_length=120)
    name_zh_hans = models.CharField(_("name (简体)"), max_length=120, blank=True)
    name_zh_hant = models.CharField(_("name (繁體)"), max_length=120, blank=True)

    class Meta:
        abstract = True
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Read the name in the active language, or the one there is."""
        return best_name(self)


class HasNames(Protocol):
    name_en: Any
    name_zh_hans: Any
    name_zh_hant: Any


def best_name(row: HasNames) -> str:
    """Choose the name in the active language, or the one there is."""
    language = get_language() or "en"
    if language == "zh-hans":
        return row.name_zh_hans or row.name_zh_hant or row.name_en
    if language == "zh-hant":
        return row.name_zh_hant or row.name_zh_hans or row.name_en
    return row.name_en or row.name_zh_hans or row.name_zh_hant
