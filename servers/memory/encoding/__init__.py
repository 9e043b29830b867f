"""Makes messages of what the house knows."""
