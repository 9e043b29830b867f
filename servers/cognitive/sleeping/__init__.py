"""Sleep, load and cycles of agents: use cases and rows."""
