"""The pure rules of a turn: its states, its context, its knobs, and what is learned from it."""
