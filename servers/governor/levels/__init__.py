"""Owns the level of each tenant between turns: how it is kept, told of and watched."""
