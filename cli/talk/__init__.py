"""A conversation in the terminal: the prompt, the turns, what is printed of them, and the commands in between."""
