"""What the operators of a tenant see and decide in one house: its dead letters and its sagas."""
