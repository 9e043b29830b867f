"""Owns the ledger: budgets, holds and what settlements book."""
