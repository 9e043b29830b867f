"""The pure laws of the state: ranges, signals, decay and effects."""
