"""What the services answer, as lines and tables for people."""
