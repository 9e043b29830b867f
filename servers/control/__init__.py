"""Owns the operation of the mesh: which processes run and how they are, and which features are switched on."""
