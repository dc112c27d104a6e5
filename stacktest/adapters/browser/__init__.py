"""What a browser needs from this machine: a build, the CA, and a network of its own."""
