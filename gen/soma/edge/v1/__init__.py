"""The generated contracts of `soma.edge.v1`; made by tools/generate.py."""
