"""Replay: what was published read once more, to look at it or to have its effects where they are lacking."""
