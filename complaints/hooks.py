"""Moments of a complaint and of a call in which other nouns of this floor take part, in the same transaction.

The ticket is locked, and saved by whoever sets the moment off.
"""

from aftersales.core.hooks import Hook

registered = Hook("complaint, ticket, at=, by=: a complaint was registered, or opened again")
decided = Hook("complaint, ticket, at=, by=: finding, cause, decision and remedy stand")
remedied = Hook("complaint, ticket, at=, by=: the remedy is done; a call to the customer is owed (R44)")
closed = Hook("complaint, ticket, at=, by=: the complaint is closed; after class 3 a case study is owed (R46)")
called = Hook("callback, ticket, outcome=, note=, at=, by=: a call that was owed is over: reached, or given up")
low_marks = Hook("visit, ticket, note=, at=, by=: a survey came back with low marks; a call is owed at once")
