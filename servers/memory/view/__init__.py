"""What recall reads: the memories of a namespace in arrays, and how those that fit a query are found there."""
