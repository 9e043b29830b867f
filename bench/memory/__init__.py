"""How well memory recalls: long conversations with questions, by the view alone and through the served calls."""
