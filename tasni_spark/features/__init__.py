"""Features: one row of numbers for every source, from everything the lake knows of it."""
