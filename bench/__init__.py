"""Measures the mesh beside its peers in one run; prints ratios and asserts no times."""
