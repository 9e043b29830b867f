"""Finds the memories that fit a query best, and counts that they were found."""
