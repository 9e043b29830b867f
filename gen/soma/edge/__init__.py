"""The generated contracts of `soma.edge`; made by tools/generate.py."""
