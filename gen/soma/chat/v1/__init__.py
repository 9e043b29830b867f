"""The generated contracts of `soma.chat.v1`; made by tools/generate.py."""
