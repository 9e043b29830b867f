"""What the indexes need of a text: vector, terms, size."""
