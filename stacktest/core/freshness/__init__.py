"""Whether a pass is still valid: the states of a service, the rules that find them, the gate."""
