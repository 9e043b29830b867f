"""Erases a person from every store of every house, and reports what came of it."""
