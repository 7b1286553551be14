"""The doors for people: pages, panels and forms."""
