"""Owns how values of the use cases become messages of the contract; nothing is decided here."""
