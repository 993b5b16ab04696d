"""Locks: `pylock.toml` and pinned requirements, read and selected for a target."""
