"""Where trail works inside something else: a running interpreter, other tools. Thin."""
