"""Servers of others that run beside ours on one machine: how each is started, and how it is known to serve."""
