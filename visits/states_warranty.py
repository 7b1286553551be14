"""The words of photographs, consent, warranty, repair plan and major failure."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Purpose(TextChoices):
    """What a photograph shows."""

    DAMAGE = "damage", _("damage")
    PLATE = "plate", _("plate or barcode")
    BEFORE = "before", _("before the work")
    AFTER = "after", _("after the work")
    OTHER = "other", _("something else")
