"""The rows of the list of settings, by what they are about: names, types, meanings and examples."""
