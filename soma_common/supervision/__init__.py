"""The supervisor of the standalone shape as others see it: its processes, their readiness, and orders to it."""
