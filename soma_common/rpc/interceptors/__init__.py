"""The stages every incoming call passes, each with its name and what must run before it."""
