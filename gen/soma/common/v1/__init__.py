"""The generated contracts of `soma.common.v1`; made by tools/generate.py."""
