"""What git knows about the stack's folder."""
