"""Backups: a whole installation in one file, taken while it serves, and an installation made from one."""
