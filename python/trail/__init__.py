"""trail: a Python package manager without virtualenvs."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trail.integrations.process import activate

__version__ = "0.1.0"

__all__ = ["__version__", "activate"]


def __getattr__(name: str) -> object:
    # Imported when they are used: `import trail` is part of every start of the command.
    if name == "activate":
        from trail.integrations.process import activate  # noqa: PLC0415

        return activate
    raise AttributeError(f"module `trail` has no attribute `{name}`")
