"""Programs of peers: each runs in an environment of its own and knows nothing of this repository."""
