"""Facts about what went wrong, gathered once something has failed; `core.diagnosis` decides."""
