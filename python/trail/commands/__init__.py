"""One use case per file; the only layer that joins the others."""
