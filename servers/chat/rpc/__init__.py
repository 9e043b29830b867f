"""Owns the servicers of chat: messages in, values out, nothing else."""
