"""What can go wrong on a machine, looked at one by one, each with what mends it."""
