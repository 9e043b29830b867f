"""What feedback taught an agent: use cases and rows."""
