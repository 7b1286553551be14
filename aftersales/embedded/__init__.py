"""The laptop default: PostgreSQL and Valkey from wheels, and the runner that starts everything with one command.

Apart from the product: standard library only, imports nothing of the house, and nothing of the house imports it.
"""
