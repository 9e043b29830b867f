"""The generated contracts of `soma.events`; made by tools/generate.py."""
