"""A container beside the definition that it should have, key by key."""
