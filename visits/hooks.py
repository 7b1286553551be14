"""Moments of a visit in which upper floors take part."""

from aftersales.core.hooks import Hook

completed = Hook("visit, ticket, at=, by=: the work is done and the ticket resolved; a callback may be owed")
number_changed = Hook(
    "product, field, before=, by=, at=: a product's serial number or SIM was changed at a visit (R35)"
)
