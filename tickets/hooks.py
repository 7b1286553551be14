"""Moments of a ticket's life in which upper floors take part."""

from aftersales.core.hooks import Hook

reopened = Hook("ticket, at=, by=: the ticket is being opened again; what was owed for the old cycle is not")
registered = Hook("ticket, heard, at=, by=: the ticket is saved; `heard` is the intake that it was made of")
contacted = Hook("ticket, at=, by=: a person reached the customer and logged it")
