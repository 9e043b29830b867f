"""Messages as values of cognitive."""
