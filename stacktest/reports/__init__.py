"""One module per output format; each reads records only, and returns text or a document."""
