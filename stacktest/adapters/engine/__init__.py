"""The container engine: its client, its labels, and the removal of what a run created."""
