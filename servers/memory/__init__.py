"""Owns what is remembered for each tenant, agent and person, and recalls it by meaning and by words."""
