"""Which of several distributions' files is used where they have one path (rule 6 of a plan)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from trail.model import EntryPoint, Facts, NormalizedName
    from trail.prefix.look import Look

__all__ = ["Conflicts"]

_Part = tuple[int, str]  # a member and a path in its entry


class Conflicts:
    """Chooses, and keeps what there is to warn of.

    Args:
        members: one per distribution.
        look: looks into the entries, by the same numbers.
    """

    def __init__(self, members: Sequence[Facts], look: Look) -> None:
        self._members = members
        self._look = look
        self._numbers: dict[NormalizedName, int] = {}
        self._different: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        self.choices = 0
        """How often there was more than one."""

    def choose(
        self,
        path: str,
        parts: Sequence[_Part],
        folders: AbstractSet[_Part],
        entry_points: Mapping[_Part, EntryPoint],
    ) -> _Part:
        """Choose among the owners of what is not a folder of all of them.

        Args:
            path: in the prefix.
            parts: one at least.
            folders: those that are folders are among these.
            entry_points: those that are scripts to be made, with what they run.
        """
        self.choices += len(parts) > 1
        winner = parts[0]
        for rival in parts[1:]:
            loser = rival
            first, second = winner[0], rival[0]
            if not (self._needs(first, second) and not self._needs(second, first)):
                winner, loser = rival, winner
            if winner in entry_points or loser in entry_points:
                same = entry_points.get(winner) == entry_points.get(loser)
            elif winner in folders or loser in folders:
                same = False
            else:
                same = self._look.same(winner, loser)
            if not same:
                self._different[loser[0], winner[0]].append(path)
        return winner

    def warnings(self) -> Iterator[str]:
        """Say for each two distributions what both have, with different contents."""
        for pair, paths in sorted(self._different.items()):
            loser, winner = (self._members[number].name for number in pair)
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            yield (
                f"`{loser}` and `{winner}` both bring `{paths[0]}`{more}, with different contents; "
                f"those of `{winner}` are used"
            )

    def _needs(self, dependent: int, dependency: int) -> bool:
        """Whether one distribution requires another, directly or through others."""
        if not self._numbers:
            self._numbers = {facts.name: number for number, facts in enumerate(self._members)}
        seen, left = {dependent}, [dependent]
        while left:
            for name in self._look.requires(left.pop()):
                number = self._numbers.get(name)
                if number == dependency:
                    return True
                if number is not None and number not in seen:
                    seen.add(number)
                    left.append(number)
        return False
