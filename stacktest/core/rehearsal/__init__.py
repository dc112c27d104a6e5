"""A second copy of a stack beside the one that runs: what it is made of, and what it may not be."""
