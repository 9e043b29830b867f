"""The generated contracts of `soma.common`; made by tools/generate.py."""
