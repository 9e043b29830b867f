"""Turns under budgets while processes are killed: what was promised, and who looks whether it was kept."""
