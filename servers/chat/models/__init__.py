"""The models of tenants, and single calls of them outside of turns."""
