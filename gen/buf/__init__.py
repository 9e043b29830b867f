"""The generated contracts of `buf`; made by tools/generate.py."""
