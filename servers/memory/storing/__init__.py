"""Keeps, changes, corrects and deletes memories, one transaction each."""
