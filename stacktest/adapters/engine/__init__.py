"""The container engine: questions, labels, and the removal of what a run created."""
