"""Keeps memories in order: what faded is swept, what says the same becomes a fact, what is doubted is hidden."""
