"""Dataclasses whose methods are made when they are first used.

`dataclasses.dataclass` writes and compiles the source of up to ten methods for each class
while its module is imported: half a millisecond each, so that the hundred values of trail
took 60 of the 150 milliseconds before a command could begin. Here a class is made without
any code being written; only `__init__` is compiled, once there are many instances. Otherwise it
is the same: to type checkers by definition, and `dataclasses.fields`, `replace` and `asdict`
take these classes as well. A test compares the two.
"""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass, field, replace
    from typing import Any

__all__ = ["dataclass", "field", "names_of", "replace"]

_MISSING: Any = object()
_FIELDS = "__trail_fields__"  # where a class keeps them
# So many instances are made without compiled code: a run makes one or two of most classes, and
# to compile takes as long as to make fifty.
_FEW = 5


class _Field:
    """One attribute: what `dataclasses.field` says of it."""

    __slots__ = ("compare", "default", "factory", "hash", "init", "repr")

    def __init__(  # noqa: PLR0913  # the arguments of `dataclasses.field`
        self,
        *,
        default: Any = _MISSING,
        default_factory: Callable[[], Any] | None = None,
        init: bool = True,
        repr: bool = True,  # noqa: A002  # its name there
        hash: bool | None = None,  # noqa: A002  # as above
        compare: bool = True,
    ) -> None:
        self.default = default
        self.factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare
        self.hash = compare if hash is None else hash


class _StandardFields:
    """`__dataclass_fields__`, made for the few who ask."""

    def __init__(self, keywords: bool) -> None:
        self._keywords = keywords

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        import dataclasses  # noqa: PLC0415  # 8 ms with what it imports

        rows = []
        for name, own in getattr(owner, _FIELDS).items():
            values = {"init": own.init, "repr": own.repr, "compare": own.compare, "hash": own.hash}
            if own.default is not _MISSING:
                values["default"] = own.default
            if own.factory is not None:
                values["default_factory"] = own.factory
            rows.append((name, object, dataclasses.field(**values)))
        made = dataclasses.make_dataclass(owner.__name__, rows, kw_only=self._keywords)
        return {field.name: field for field in dataclasses.fields(made)}


def names_of(cls: type) -> tuple[str, ...]:
    """Name the attributes of a class that `dataclass` made, in their order."""
    return tuple(getattr(cls, _FIELDS))


def _dataclass(
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    order: bool = False,
    eq: bool = True,
) -> Callable[[type], type]:
    """Make a class a value; the arguments are those of `dataclasses.dataclass`."""

    def decorate(cls: type) -> type:
        fields: dict[str, _Field] = {}
        body = dict(cls.__dict__)
        for name, annotation in cls.__annotations__.items():
            if annotation.startswith("ClassVar"):
                continue
            default = body.pop(name, _MISSING)
            fields[name] = default if isinstance(default, _Field) else _Field(default=default)
        methods: dict[str, Any] = {
            _FIELDS: fields,
            "__dataclass_fields__": _StandardFields(kw_only),
            "__match_args__": () if kw_only else tuple(n for n, own in fields.items() if own.init),
            "__repr__": _repr([name for name, own in fields.items() if own.repr]),
            **(_equality(fields, frozen=frozen) if eq else {}),
            **(_order(fields) if order else {}),
            **({"__setattr__": _frozen, "__delattr__": _frozen} if frozen else {}),
        }
        body = {**methods, **body, "__qualname__": cls.__qualname__}  # what it defines itself stays
        if body.get("__hash__", _MISSING) is None and "__hash__" in methods:
            body["__hash__"] = methods["__hash__"]  # a class that defines __eq__ has None there
        body.pop("__dict__", None)
        body.pop("__weakref__", None)
        if slots:
            body["__slots__"] = tuple(fields)
            body.setdefault("__setstate__", _restore)
        made = type(cls)(cls.__name__, cls.__bases__, body)
        made.__init__ = _first(made, frozen=frozen, slots=slots, keywords=kw_only)  # type: ignore[misc]  # the point of it
        return made

    return decorate


def _replace(value: Any, /, **changes: Any) -> Any:
    """Copy a value with some attributes changed, as `dataclasses.replace` does."""
    fields = getattr(value, _FIELDS, None)
    if fields is None:  # a value of packaging's, for instance
        import dataclasses  # noqa: PLC0415  # whoever made it has imported it

        return dataclasses.replace(value, **changes)
    for name, own in fields.items():
        if own.init and name not in changes:
            changes[name] = getattr(value, name)
    return type(value)(**changes)


def _first(cls: type, *, frozen: bool, slots: bool, keywords: bool) -> Callable[..., None]:
    """Make an `__init__` that replaces itself by the real one once that is worth compiling."""
    left = _FEW

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807  # what it is
        nonlocal left
        left -= 1
        # Where the arguments are wrong, the real one says how.
        if left < 0 or (args and keywords) or not _fill(cls, self, args, kwargs, slots=slots):
            made = _compile_init(cls, frozen=frozen, slots=slots, keywords=keywords)
            cls.__init__ = made  # type: ignore[misc]  # the point of it
            made(self, *args, **kwargs)

    return __init__


def _fill(
    cls: type, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, slots: bool
) -> bool:
    """Set all attributes of an instance; False where the arguments are wrong."""
    fields: dict[str, _Field] = getattr(cls, _FIELDS)
    given = kwargs
    if args:
        names = [name for name, own in fields.items() if own.init]
        given = {**kwargs, **dict(zip(names, args, strict=False))}
    left = len(args) + len(kwargs)
    for name, own in fields.items():
        if own.init and name in given:
            value = given[name]
            left -= 1
        elif own.factory is not None:
            value = own.factory()
        elif own.default is not _MISSING:
            value = own.default
        else:
            return False
        if slots:
            cls.__dict__[name].__set__(instance, value)
        else:
            object.__setattr__(instance, name, value)
    return not left


def _compile_init(cls: type, *, frozen: bool, slots: bool, keywords: bool) -> Callable[..., None]:
    fields: dict[str, _Field] = getattr(cls, _FIELDS)
    names: dict[str, Any] = {"missing": _MISSING, "put": object.__setattr__}
    parameters, lines = [], []
    for name, own in fields.items():
        value = name
        if own.factory is not None:
            names[f"make_{name}"] = own.factory
            value = f"make_{name}() if {name} is missing else {name}"
            default = "=missing"
        elif own.default is not _MISSING:
            names[f"default_{name}"] = own.default
            default = f"=default_{name}"
        else:
            default = ""
        if own.init:
            parameters.append(f"{name}{default}")
        elif own.factory is not None:
            value = f"make_{name}()"
        if slots:  # the slot's own function: half the time of object.__setattr__
            names[f"set_{name}"] = cls.__dict__[name].__set__
            lines.append(f"set_{name}(self, {value})")
        else:
            lines.append(f"put(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    star = "*, " if keywords and parameters else ""
    source = f"def __init__(self, {star}{', '.join(parameters)}):\n " + "\n ".join(
        lines or ["pass"]
    )
    exec(compile(source, f"<values {cls.__qualname__}>", "exec"), names)  # noqa: S102  # as dataclasses does
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _equality(fields: dict[str, _Field], *, frozen: bool) -> dict[str, Any]:
    key = _key([name for name, own in fields.items() if own.compare])
    hashed = _key([name for name, own in fields.items() if own.hash])

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807  # what it is
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807  # as above
        return hash(hashed(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _order(fields: dict[str, _Field]) -> dict[str, Any]:
    key = _key([name for name, own in fields.items() if own.compare])

    def __lt__(self: Any, other: object) -> Any:  # noqa: N807  # what it is
        return key(self) < key(other) if other.__class__ is self.__class__ else NotImplemented

    def __le__(self: Any, other: object) -> Any:  # noqa: N807  # as above
        return key(self) <= key(other) if other.__class__ is self.__class__ else NotImplemented

    def __gt__(self: Any, other: object) -> Any:  # noqa: N807  # as above
        return key(self) > key(other) if other.__class__ is self.__class__ else NotImplemented

    def __ge__(self: Any, other: object) -> Any:  # noqa: N807  # as above
        return key(self) >= key(other) if other.__class__ is self.__class__ else NotImplemented

    return {"__lt__": __lt__, "__le__": __le__, "__gt__": __gt__, "__ge__": __ge__}


def _key(names: list[str]) -> Callable[[Any], Any]:
    """What two values are compared by; of a single attribute the attribute itself."""
    return attrgetter(*names) if names else lambda _: ()


def _repr(names: list[str]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807  # what it is
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return __repr__


def _frozen(self: object, name: str, *_: object) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415  # who catches it knows it

    raise FrozenInstanceError(f"cannot change `{name}` of {type(self).__name__}")


def _restore(self: object, state: tuple[None, dict[str, Any]]) -> None:
    """Take what `object.__getstate__` gave, for `copy` and `pickle`."""
    for name, value in state[1].items():
        object.__setattr__(self, name, value)


if not TYPE_CHECKING:
    dataclass, field, replace = _dataclass, _Field, _replace
