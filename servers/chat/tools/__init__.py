"""Tools: which there are, who may run them, their effects, and the consent of people."""
