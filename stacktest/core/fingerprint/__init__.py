"""What a service is: the named parts, their digest, and what differs between two of them."""
