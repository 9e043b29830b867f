"""The generated contracts of `soma.cognitive.v1`; made by tools/generate.py."""
