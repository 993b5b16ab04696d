"""trail: a Python package manager without virtualenvs."""

__version__ = "0.1.0"

__all__ = ["__version__"]
