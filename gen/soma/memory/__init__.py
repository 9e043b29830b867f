"""The generated contracts of `soma.memory`; made by tools/generate.py."""
