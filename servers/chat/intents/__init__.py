"""What must still be told to other services after a turn."""
