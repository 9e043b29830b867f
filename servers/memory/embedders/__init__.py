"""What turns texts into vectors: the built-in table, or a model that is asked over the network."""
