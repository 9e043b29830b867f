"""Links between memories: made, taken away, followed."""
