"""Keeps what is remembered in order: what faded is swept, what says the same becomes one fact, and both can be undone."""
