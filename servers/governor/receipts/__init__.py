"""Owns what is done with receipts once they are written."""
