"""A service desk that never was: people, words and days, played through the real services."""
