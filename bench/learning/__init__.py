"""What people say to an assistant, with what of it is worth keeping by hand: how good chat's rules are."""
