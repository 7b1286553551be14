"""What merging is asked for."""

from __future__ import annotations

from django import forms


class MergeForm(forms.Form):
    """`other` is the second file; `survivor` says which of the two remains."""

    other = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    survivor = forms.ChoiceField(choices=[("this", "this"), ("other", "other")])
