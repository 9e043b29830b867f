"""The generated contracts of `buf.validate`; made by tools/generate.py."""
