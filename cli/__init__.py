"""The `somastack` command: starts, stops and shows the mesh of one machine, and talks to it as a person does."""
