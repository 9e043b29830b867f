"""Conversations and their messages: kept, named, found, taken along, watched, deleted."""
