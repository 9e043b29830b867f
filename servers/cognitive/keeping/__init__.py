"""The state of each agent: use cases and rows."""
