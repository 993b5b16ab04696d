"""trail: a Python package manager without virtualenvs."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trail.integrations.process import activate, from_git, interactive

__version__ = "0.1.0"

__all__ = ["__version__", "activate", "from_git", "interactive"]


def __getattr__(name: str) -> object:
    # Imported when they are used: `import trail` is part of every start of the command.
    if name in {"activate", "from_git", "interactive"}:
        from trail.integrations import process  # noqa: PLC0415

        return getattr(process, name)
    raise AttributeError(f"module `trail` has no attribute `{name}`")
