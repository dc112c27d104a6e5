"""Whether what was proved still holds: states, the rules that find them, and the gate."""
