"""Values of cognitive as messages."""
