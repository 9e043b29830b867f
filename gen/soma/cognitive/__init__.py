"""The generated contracts of `soma.cognitive`; made by tools/generate.py."""
