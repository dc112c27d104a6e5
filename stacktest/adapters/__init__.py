"""Access to everything outside of the program, in one module or folder per outside thing."""
