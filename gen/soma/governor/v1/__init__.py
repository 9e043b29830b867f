"""The generated contracts of `soma.governor.v1`; made by tools/generate.py."""
