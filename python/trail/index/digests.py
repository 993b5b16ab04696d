"""Hashes of a file: taken while its bytes pass, then compared with the wanted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.errors import DigestError
from trail.model import Sha256

if TYPE_CHECKING:
    from trail.model import Hashes, WheelFile

__all__ = ["STRONG", "Digests", "by_algorithm"]

STRONG = frozenset({"sha256", "sha384", "sha512"})
"""The algorithms that count; weaker ones can be forged."""

_NOTHING = "nothing of it was installed"


def by_algorithm(hashes: Hashes) -> dict[str, set[str]]:
    """The digests that are accepted for each algorithm; weak algorithms are left out."""
    found: dict[str, set[str]] = {}
    for algorithm, digest in hashes:
        if algorithm in STRONG:
            found.setdefault(algorithm, set()).add(digest)
    return found


class Digests:
    """Size and hashes of the bytes of a file, as far as they have passed.

    Args:
        file: the wanted file.
        source: where the bytes come from, for messages: a label and a text without
            credentials.

    Raises:
        DigestError: the file has hashes, but none that counts.
    """

    def __init__(self, file: WheelFile, source: tuple[str, str]) -> None:
        self._file = file
        self._source = source
        self._wanted = by_algorithm(file.hashes)
        if file.hashes and not self._wanted:
            weak = ", ".join(sorted({algorithm for algorithm, _ in file.hashes}))
            raise DigestError(
                f"refused `{file.filename}`: it has no hash but {weak}, which can be forged;"
                f" {_NOTHING}",
                details=(source, ("needed", "sha256, sha384 or sha512")),
            )
        self.restart()

    def restart(self) -> None:
        """Forget all bytes."""
        import hashlib  # noqa: PLC0415  # not for who only asks `by_algorithm`

        self.size = 0
        self._states = {name: hashlib.new(name) for name in {"sha256", *self._wanted}}

    def update(self, data: bytes) -> None:
        """Take in the next bytes.

        Raises:
            DigestError: these are more than the file should have.
        """
        for state in self._states.values():
            state.update(data)
        self.size += len(data)
        if self._file.size is not None and self.size > self._file.size:
            raise self.wrong_size(f"more than {self._file.size} bytes")

    def sha256(self) -> Sha256:
        """The sha256 of all bytes so far."""
        return Sha256(self._states["sha256"].hexdigest())

    def check(self) -> None:
        """Compare, when all bytes have passed.

        Raises:
            DigestError: size or a hash is not the wanted one.
        """
        if self._file.size is not None and self.size != self._file.size:
            raise self.wrong_size(f"{self.size} bytes")
        for algorithm, accepted in sorted(self._wanted.items()):
            actual = self._states[algorithm].hexdigest()
            if actual not in accepted:
                expected = ", ".join(f"{algorithm}={digest}" for digest in sorted(accepted))
                raise self._mismatch(expected, f"{algorithm}={actual}")

    def wrong_size(self, actual: str) -> DigestError:
        """Make the error for a wrong size."""
        return self._mismatch(f"{self._file.size} bytes", actual)

    def _mismatch(self, expected: str, actual: str) -> DigestError:
        return DigestError(
            f"refused `{self._file.filename}`: it is not the file that was asked for; {_NOTHING}",
            details=(self._source, ("expected", expected), ("actual", actual)),
        )
