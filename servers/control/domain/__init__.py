"""The pure rules of operation: which features there are and whose value of one holds."""
