"""One definition of a verb's input for pages and API: the serializer is derived from the form."""

from __future__ import annotations

from typing import Any

from django import forms
from rest_framework import serializers

from aftersales.core.strict import MomentField, StrictSerializer


def serializer_for(form: type[forms.Form], name: str) -> type[StrictSerializer]:
    """Derive a serializer with the same fields, limits and choices as the form."""
    fields: dict[str, Any] = {key: _field(field) for key, field in form.base_fields.items()}
    return type(name, (StrictSerializer,), fields)


def _field(field: forms.Field) -> serializers.Field[Any, Any, Any, Any]:
    # Lazy words stay lazy: the class is made once, its reader's language differs.
    common: dict[str, Any] = {
        "required": field.required,
        "label": field.label,
        "help_text": field.help_text or field.label or "",
    }
    own = getattr(field, "serializer_field", None)  # a field of another shape knows its own
    if own is not None:
        made: serializers.Field[Any, Any, Any, Any] = own(**common)
        return made
    if isinstance(field, forms.ModelChoiceField):
        key = field.to_field_name or "pk"
        queryset = field.queryset
        assert queryset is not None
        common["allow_null"] = not field.required
        if key == "pk":
            return serializers.PrimaryKeyRelatedField(queryset=queryset, **common)
        return serializers.SlugRelatedField(slug_field=key, queryset=queryset, **common)
    if isinstance(field, forms.TypedChoiceField) and field.coerce is int:
        return serializers.ChoiceField(choices=[(int(k), v) for k, v in _choices(field)], **common)
    if isinstance(field, forms.ChoiceField) and {key for key, _label in _choices(field)} == {"true", "false"}:
        return serializers.BooleanField(**common)
    if isinstance(field, forms.ChoiceField):
        return serializers.ChoiceField(choices=_choices(field), allow_blank=not field.required, **common)
    if isinstance(field, forms.BooleanField):
        return serializers.BooleanField(**{**common, "required": False})
    if isinstance(field, forms.DateTimeField):
        return MomentField(**common, allow_null=not field.required)
    if isinstance(field, forms.FloatField):
        return serializers.FloatField(
            **common,
            min_value=_number(field.min_value),
            max_value=_number(field.max_value),
            allow_null=not field.required,
        )
    if isinstance(field, forms.DateField):
        return serializers.DateField(**common, allow_null=not field.required)
    if isinstance(field, forms.DecimalField):
        return serializers.DecimalField(
            **common,
            max_digits=field.max_digits or 12,
            decimal_places=field.decimal_places or 0,
            min_value=_number(field.min_value),
            max_value=_number(field.max_value),
            allow_null=not field.required,
        )
    if isinstance(field, forms.DecimalField):  # before IntegerField: it is one of them
        assert field.max_digits is not None
        return serializers.DecimalField(
            **common,
            max_digits=field.max_digits,
            decimal_places=field.decimal_places or 0,
            min_value=_number(field.min_value),
            allow_null=not field.required,
        )
    if isinstance(field, forms.IntegerField):
        return serializers.IntegerField(
            **common,
            min_value=_number(field.min_value),
            max_value=_number(field.max_value),
            allow_null=not field.required,
        )
    if isinstance(field, forms.CharField):
        return serializers.CharField(**common, max_length=field.max_length, allow_blank=not field.required)
    raise TypeError(f"No serializer field for {type(field).__name__}")


def _number(limit: Any) -> Any:
    return limit() if callable(limit) else limit


def _choices(field: forms.ChoiceField) -> list[tuple[Any, Any]]:
    choices: Any = field.choices
    return [(key, label) for key, label in choices if key not in ("", None)]
