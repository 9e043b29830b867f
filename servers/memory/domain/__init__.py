"""The pure rules of memory: what is worth keeping, who may see it, and how hits are ranked."""
