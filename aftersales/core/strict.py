"""Serializers that refuse what they do not know: a typo is an error, and nobody sets a field by guessing its name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import SkipField, empty


class StrictSerializer(serializers.Serializer[Any]):
    """Unknown fields are errors with the code "unknown_field" and a pointer to each, beside those of known fields."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            return super().to_internal_value(data)
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        fields = self.fields
        for name, field in fields.items():
            try:
                values[name] = field.run_validation(data.get(name, empty))
            except serializers.ValidationError as error:
                errors[name] = error.detail
            except SkipField:
                pass
        for name in data:
            if name not in fields:
                errors[str(name)] = [ErrorDetail(_("There is no such field."), code="unknown_field")]
        if errors:
            raise serializers.ValidationError(errors)
        return values


class MomentField(serializers.DateTimeField):
    """A time with its offset from UTC: one without it means another moment in another place. The value is UTC."""

    default_error_messages = {
        "offset": gettext_lazy("Give the time with its offset, as in 2026-11-21T09:30:00+08:00."),
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss]±hh:mm")
        try:
            moment = parse_datetime(value)
        except ValueError:
            moment = None
        if moment is None:
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss]±hh:mm")
        if moment.tzinfo is None:
            self.fail("offset")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            self.fail("overflow", timezone="UTC")
