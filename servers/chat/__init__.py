"""Owns agents, conversations, turns and their journal: it turns a message into an answer."""
