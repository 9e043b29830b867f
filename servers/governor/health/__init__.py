"""Owns what all processes of the mesh see of what they depend on, and the view that plans are made with."""
