"""What users of the library need for their own tests: fixtures, clocks and the scripted model upstream."""
