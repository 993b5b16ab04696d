"""Wheels: file names, RECORD, the rules of docs/wheel-checks.md, and the two engines."""
