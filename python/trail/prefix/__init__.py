"""Prefixes: the venv-shaped folders of links that give a process its packages."""
