"""The generated contracts of `soma.chat`; made by tools/generate.py."""
