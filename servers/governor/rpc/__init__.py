"""Owns the servicer of the governor: messages in, values out, nothing else."""
