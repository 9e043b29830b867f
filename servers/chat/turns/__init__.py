"""The life of a turn: taken in, run, followed, handed on, ended."""
