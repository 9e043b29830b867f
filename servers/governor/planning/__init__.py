"""Owns the plan of a turn: what it is made from, and how it is kept with its hold and its receipt."""
