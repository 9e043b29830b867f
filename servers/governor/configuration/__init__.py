"""Owns the versions of each tenant's configuration, and which one holds."""
