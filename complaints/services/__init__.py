"""The verbs of callbacks."""
