"""Say more about a module that is missing than that it is.

A finder that never finds anything and stands last. For a name of which trail knows where
it would come from, the error gets a note; its type, name and text stay as they are, so
that no program can tell the difference.
"""

import sys
from os import sep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Explainer", "install"]

_NOTES_FILE = "_trail_notes.txt"


class Explainer:
    """Adds notes to errors.

    Args:
        file: UTF-8, with one line for each name: the name, a tab, the note.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._notes: dict[str, str] | None = None

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Raise the error of the import statement, with a note; or find nothing."""
        del target
        if path is not None or "." in fullname:
            return
        # A finder behind this one may yet find it, and who only asks wants an answer.
        if sys.meta_path[-1] is not self or not _is_import():
            return
        if self._notes is None:
            self._notes = self._read()
        note = self._notes.get(fullname)
        if note is not None:
            _fail(fullname, note)

    def _read(self) -> "dict[str, str]":
        try:
            with open(self._file, encoding="utf-8") as file:  # noqa: PTH123  # no pathlib here
                rows = [line.rstrip("\n").partition("\t") for line in file]
        except (OSError, ValueError):
            return {}
        return {name: note for name, _, note in rows}


def install(site: str = "") -> None:
    """Explain what is missing in a prefix.

    Args:
        site: its site-packages folder; by default the one of this file.
    """
    file = (site or __file__.rpartition(sep)[0]) + sep + _NOTES_FILE
    sys.meta_path.append(Explainer(file))


def _is_import() -> bool:
    """Whether an import statement is waiting, not `importlib.util.find_spec`."""
    # This function, find_spec, importlib's _find_spec, and who called that.
    return sys._getframe(3).f_code.co_name == "_find_and_load_unlocked"  # noqa: SLF001  # there is no other way


def _fail(name: str, note: str) -> "NoReturn":
    # The text of the import system; some programs compare it.
    message = f"No module named {name!r}"
    error = ModuleNotFoundError(message, name=name)
    if not hasattr(error, "add_note"):  # before Python 3.11
        raise ModuleNotFoundError(f"{message}\n{note}", name=name)
    error.add_note(note)
    raise error
