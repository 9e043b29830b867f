"""Threads of thought: use cases and rows."""
