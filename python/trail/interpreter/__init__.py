"""Pythons: find them, and learn what they are without importing anything of theirs."""
