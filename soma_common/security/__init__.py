"""Who somebody is and what they may call: keys, tokens, roles and the method table."""
