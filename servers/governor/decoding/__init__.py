"""Owns how messages of the contract become values of the use cases; nothing is decided here."""
