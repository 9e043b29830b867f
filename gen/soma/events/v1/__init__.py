"""The generated contracts of `soma.events.v1`; made by tools/generate.py."""
