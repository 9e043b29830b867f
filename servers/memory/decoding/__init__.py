"""Makes values of what a call brings, and refuses what makes no sense."""
