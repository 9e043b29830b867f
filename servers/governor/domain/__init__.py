"""The rules of planning and of the ledger: pure functions over values."""
