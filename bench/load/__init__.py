"""The load generator: a process of its own that plays one leg of a measurement and tells what it saw."""
