"""Later: stands for something that is not made yet, and becomes the real thing when it is used."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator
from typing import Any, Union

# What typing wants to know of each part of an annotation. A plain class has none of it.
ASKED_BY_TYPING = frozenset({"__parameters__", "__typing_subst__", "__typing_unpacked_tuple_args__", "__unpacked__"})

Find = Callable[[], Any]


class Later:
    """A name of a late module."""

    def __init__(self, module: str, name: str, find: Find) -> None:
        self.__module__ = module
        self.__name__ = self.__qualname__ = name
        self._find = find

    def __call__(self, *args: Any, **named: Any) -> Any:
        """An instance that a module makes for its functions is made when one of them uses it."""
        if self.__name__[:1].isupper() and is_a_body(sys._getframe(1)):
            return Made(self, args, named)
        return real(self)(*args, **named)

    def __getattr__(self, name: str) -> Any:
        if name in ASKED_BY_TYPING:
            raise AttributeError(name)
        return getattr(real(self), name)

    def __getitem__(self, key: Any) -> Any:
        return real(self)[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(real(self))

    def __contains__(self, one: Any) -> bool:
        return one in real(self)

    def __len__(self) -> int:
        return len(real(self))

    def __bool__(self) -> bool:
        return bool(real(self))

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (real(self),)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, real(self))

    def __subclasscheck__(self, kind: type) -> bool:
        return issubclass(kind, real(self))

    def __or__(self, other: Any) -> Any:
        return Union[self, other]  # noqa: UP007 - it would call itself

    def __ror__(self, other: Any) -> Any:
        return Union[other, self]  # noqa: UP007

    def __get_pydantic_core_schema__(self, _source: Any, handler: Any) -> Any:
        return handler(real(self))


class Made(Later):
    """An instance of a late class. Whoever uses it, wherever, uses the same one."""

    def __init__(self, kind: Later, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        super().__init__(kind.__module__, "", lambda: real(kind)(*args, **named))

    def __call__(self, *args: Any, **named: Any) -> Any:
        return real(self)(*args, **named)


def stands_in(value: Any) -> bool:
    """Asked of its type: proxies of a library's own make up their minds when they are asked with isinstance."""
    return issubclass(type(value), Later)


def real(later: Later) -> Any:
    """What it stands for."""
    found = later._find()
    found = vars(later).setdefault("_real", real(found) if stands_in(found) else found)
    later._find = lambda: found
    return found


class Names(dict[str, Any]):
    """Where the functions of one module find what is not among its own names: Python's, and those that are late.

    A module holds stand-ins only while its body is executed. `take_back` removes them: a function that uses such a
    name comes here, once, and finds the real thing, which is the module's from then on.
    """

    def __init__(self, own: dict[str, Any]) -> None:
        super().__init__(__import__=builtins.__import__, __build_class__=builtins.__build_class__)
        self._own = own
        self._late: dict[str, Later] = {}

    def __missing__(self, name: str) -> Any:
        if name in self._late:
            return self.found(name)
        try:
            self[name] = value = getattr(builtins, name)
        except AttributeError:
            raise KeyError(name) from None
        return value

    def found(self, name: str) -> Any:
        """The real thing of this name."""
        self._own[name] = value = real(self._late[name])
        return value

    def late(self, name: str) -> Later | None:
        return self._late.get(name)

    def everything(self) -> list[str]:
        """All names of the module."""
        return [*{**self._own, **self._late}]

    def take_back(self) -> bool:
        """Whether there was anything."""
        self._late.update({name: value for name, value in self._own.items() if stands_in(value)})
        for name in self._late:
            self._own.pop(name, None)
        return bool(self._late)


def is_a_body(frame: Any) -> bool:
    """Whether this is the body of a module that gives its stand-ins back."""
    return frame.f_code.co_name == "<module>" and type(frame.f_builtins) is Names
