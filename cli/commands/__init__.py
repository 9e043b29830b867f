"""One file a command: reads its options, calls what does the work, prints the result."""
