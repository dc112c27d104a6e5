"""The answers of a running stack, and checks that distinguish its programs; without I/O."""
