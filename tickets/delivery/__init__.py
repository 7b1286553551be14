"""Notices that leave the house: what they say, by what they go, and who sends them (docs/adr/0012)."""
