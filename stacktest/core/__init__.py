"""The pure part: data in, data out. Nothing here reads a file, a clock or a socket."""
