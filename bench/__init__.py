"""Measures the mesh; prints figures and asserts none."""
