"""Owns what a turn may spend: budgets and their holds, the plan of every model call, and its receipt."""
