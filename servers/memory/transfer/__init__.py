"""Takes memories with their links out of a tenant and into one, and counts them."""
