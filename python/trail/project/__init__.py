"""Projects: where they begin, and what their `pyproject.toml` says."""
