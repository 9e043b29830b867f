"""Owns the state of each agent: four neuromodulators, the law by which they move, and what they change in a turn."""
