"""The generated contracts of `soma.control.v1`; made by tools/generate.py."""
