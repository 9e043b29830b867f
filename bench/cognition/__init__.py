"""Random lives of agents, and the program that replays their logs."""
