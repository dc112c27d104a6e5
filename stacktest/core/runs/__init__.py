"""Results of a test run for each service, and comparison of runs over time."""
