"""Moments of a visit in which upper floors take part."""

from aftersales.core.hooks import Hook

completed = Hook("visit, ticket, at=, by=: the work is done and the ticket resolved; a callback may be owed")
