"""Updates of running services: replace containers, run the tests, and put back on failure."""
