"""The generated contracts of `soma`; made by tools/generate.py."""
