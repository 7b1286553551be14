"""Serializers that refuse what they do not know: a typo is an error, and nobody sets a field by guessing its name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


class StrictSerializer(serializers.Serializer[Any]):
    """Unknown fields are errors with the code "unknown_field" and a pointer to each."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {str(name): [ErrorDetail(_("There is no such field."), code="unknown_field")] for name in unknown}
                )
        return super().to_internal_value(data)
