"""The generated contracts of `soma.governor`; made by tools/generate.py."""
