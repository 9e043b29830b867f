"""Events: facts that are committed together with the change they tell of, and their outbox."""
