"""One module per outside thing. A reader who knows what misbehaves knows which file to open."""
