"""Moments of a ticket's life in which upper floors take part."""

from aftersales.core.hooks import Hook

reopened = Hook("ticket, at=, by=: the ticket is being opened again; what was owed for the old cycle is not")
