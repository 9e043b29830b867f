"""The generated contracts of `soma.control`; made by tools/generate.py."""
