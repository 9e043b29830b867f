"""The generated contracts of `soma.memory.v1`; made by tools/generate.py."""
