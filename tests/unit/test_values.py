"""Each class here is made twice, by `dataclasses` and by `trail.values`, and behaves alike."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import FrozenInstanceError
from typing import Any, ClassVar

import pytest

from trail import values

MODULES = pytest.mark.parametrize("module", [dataclasses, values], ids=["standard", "trail"])


def point(module: Any, **options: bool) -> Any:
    @module.dataclass(**{"frozen": True, "slots": True, **options})
    class Point:
        """Two numbers."""

        unit: ClassVar[str] = "cm"
        x: int
        y: int = 2
        tags: list[str] = module.field(default_factory=list, compare=False)
        secret: str = module.field(default="s", repr=False, hash=False)

        @property
        def sum(self) -> int:
            return self.x + self.y

    return Point


@MODULES
def test_a_value(module: Any) -> None:
    cls = point(module)
    one = cls(1)
    assert (one.x, one.y, one.tags, one.secret, one.sum, one.unit) == (1, 2, [], "s", 3, "cm")
    assert one.tags is not cls(1).tags
    assert cls(1, 3, secret="t").secret == "t"
    assert repr(one) == "point.<locals>.Point(x=1, y=2, tags=[])"
    assert cls.__slots__ == ("x", "y", "tags", "secret")
    assert not hasattr(one, "__dict__")
    assert cls.__doc__ == "Two numbers."
    assert cls.__match_args__ == ("x", "y", "tags", "secret")
    assert copy.copy(one) == copy.deepcopy(one) == one


@MODULES
def test_equality_and_hash(module: Any) -> None:
    cls = point(module)
    one, same, other = cls(1), cls(1, tags=["not compared"]), cls(1, secret="t")
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert hash(one) == hash(other), "the secret does not count"
    assert one != point(module)(1), "another class"
    assert one.__eq__(1) is NotImplemented
    assert point(module, frozen=False).__hash__ is None
    identity = point(module, eq=False)
    assert identity(1) != identity(1)
    assert len({identity(1), identity(1)}) == 2


@MODULES
def test_frozen(module: Any) -> None:
    one = point(module)(1)
    with pytest.raises(FrozenInstanceError):
        one.x = 3
    with pytest.raises(FrozenInstanceError):
        del one.x
    assert one.x == 1
    free = point(module, frozen=False)(1)
    free.x = 3
    assert free.x == 3
    with pytest.raises(AttributeError):
        free.z = 3


@MODULES
def test_order(module: Any) -> None:
    cls = point(module, order=True)
    assert sorted([cls(2), cls(1, 5), cls(1, 3)]) == [cls(1, 3), cls(1, 5), cls(2)]
    assert cls(1) <= cls(1) >= cls(1)
    assert cls(2) > cls(1)
    with pytest.raises(TypeError):
        _ = cls(1) < 1
    with pytest.raises(TypeError):
        _ = point(module)(1) < point(module)(2)


@MODULES
def test_keywords_only(module: Any) -> None:
    cls = point(module, kw_only=True)
    assert cls(x=1, y=4).y == 4
    assert cls.__match_args__ == ()
    for arguments, keywords in (((1,), {}), ((), {}), ((), {"x": 1, "z": 1})):
        with pytest.raises(TypeError):
            cls(*arguments, **keywords)
    assert cls(x=1).x == 1, "a wrong call does no harm"


@pytest.mark.parametrize("before", [0, 1, 20])
@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((), {}),
        ((1, 2, [], "s", 5), {}),
        ((1,), {"x": 1}),
        ((1,), {"z": 1}),
        ((1, 2), {"tags": [], "y": 3}),
    ],
)
def test_a_wrong_call_is_described_alike(
    before: int, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    """The first instances are made by other code than the later ones."""
    said = []
    for module in (dataclasses, values):
        cls = point(module)
        for number in range(before):
            assert cls(number, tags=[]).x == number
        with pytest.raises(TypeError) as caught:
            cls(*arguments, **keywords)
        said.append(str(caught.value).replace("__create_fn__.<locals>.", ""))
        assert cls(1, y=3).y == 3
    assert said[0].rpartition(".")[2] == said[1].rpartition(".")[2]


@MODULES
@pytest.mark.parametrize("slots", [True, False])
def test_every_instance_is_made_alike(module: Any, slots: bool) -> None:
    cls = point(module, slots=slots)
    made = [(cls(1, tags=[]), cls(x=1, y=2), cls(1, 2, [3], secret="t")) for _ in range(20)]
    assert len({repr(instances) for instances in made}) == 1
    assert made[0] == made[-1]


@MODULES
def test_without_slots(module: Any) -> None:
    cls = point(module, slots=False)
    one = cls(1)
    assert vars(one) == {"x": 1, "y": 2, "tags": [], "secret": "s"}
    with pytest.raises(FrozenInstanceError):
        one.x = 3


@MODULES
def test_what_a_class_defines_stays(module: Any) -> None:
    class Plain:
        x: int
        _seen: list[int] = module.field(default_factory=list, init=False, compare=False)

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return type(other) is type(self)

        def __hash__(self) -> int:
            return 7

    own: Any = module.dataclass(frozen=True, slots=True)(Plain)
    assert repr(own(1)) == "own"
    assert own(1) == own(2)
    assert hash(own(1)) == 7
    with pytest.raises(TypeError):
        own(1, [2])


@MODULES
@pytest.mark.parametrize("replace", [dataclasses.replace, values.replace])
def test_replace(module: Any, replace: Any) -> None:
    cls = point(module, kw_only=True)
    assert replace(cls(x=1, y=3), x=5) == cls(x=5, y=3)
    with pytest.raises(TypeError):
        replace(cls(x=1), z=5)


@MODULES
def test_the_functions_of_the_standard_library(module: Any) -> None:
    cls: Any = point(module)
    assert [field.name for field in dataclasses.fields(cls)] == ["x", "y", "tags", "secret"]
    assert dataclasses.is_dataclass(cls(1))
    assert dataclasses.asdict(cls(1)) == {"x": 1, "y": 2, "tags": [], "secret": "s"}
    assert dataclasses.astuple(cls(1)) == (1, 2, [], "s")
