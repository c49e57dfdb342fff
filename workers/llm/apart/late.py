"""Late modules: what a library imports and a conversation never uses is executed when it is first touched.

While `late(names)` is open, a module of these names, or below one of them, is put into sys.modules unexecuted. Whoever
imports a name from it is given a Later. That is enough for annotations, which is all that most of them are for.
Whatever else is done with it (a call, a subclass, isinstance, an attribute) executes the module and goes on with the
real thing: a name that is listed wrongly costs time, not truth. Constants and exceptions are never given late.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import InspectLoader, Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Union

# What typing wants to know of each part of an annotation. A plain class has none of it.
ASKED_BY_TYPING = frozenset({"__parameters__", "__typing_subst__", "__typing_unpacked_tuple_args__", "__unpacked__"})


class LateModule(ModuleType):
    """In sys.modules until something real is wanted of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":  # which `import *` asks for
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name != "__all__" and _finder.is_open and _may_be_late(name) and name in _names_in(self.__name__):
            return Later(self.__name__, name)
        return getattr(execute(self.__name__), name)


class Later:
    """A name of a late module."""

    def __init__(self, module: str, name: str) -> None:
        self.__module__ = module
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **named: Any) -> Any:
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


def real(later: Later) -> Any:
    """What it stands for."""
    found = getattr(execute(later.__module__), later.__name__)
    return real(found) if isinstance(found, Later) else found


def execute(name: str) -> ModuleType:
    """The module of this name, executed by now."""
    with _lock:
        _finder.wanted.add(name)
        late = sys.modules.get(name)
        if isinstance(late, LateModule):
            del sys.modules[name]
    module = importlib.import_module(name)
    if isinstance(late, LateModule):  # whoever holds it finds the real names in it
        vars(late).update((key, value) for key, value in vars(module).items() if not key.startswith("__"))
    return module


def waiting() -> list[str]:
    """The late modules that nobody has touched."""
    return sorted(name for name, module in list(sys.modules.items()) if isinstance(module, LateModule))


def _may_be_late(name: str) -> bool:
    """Not what is compared or caught: a stand-in is neither equal to the real one, nor a class to the interpreter."""
    return not name.strip("_").isupper() and not name.endswith(("Error", "Exception"))


@functools.cache
def _names_in(module: str) -> frozenset[str]:
    """What its code names outside of functions: whoever tries for a name that is missing must hear that it is."""
    spec = PathFinder.find_spec(module, getattr(sys.modules.get(module.rpartition(".")[0]), "__path__", None))
    code = spec.loader.get_code(module) if spec and isinstance(spec.loader, InspectLoader) else None
    return frozenset(code.co_names if code else ())


class _LateLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return LateModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """When it is touched."""


class _Finder(MetaPathFinder):
    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.wanted: set[str] = set()
        self.is_open = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002 - importlib names it
    ) -> ModuleSpec | None:
        listed = any(fullname == name or fullname.startswith(f"{name}.") for name in self.names)
        spec = PathFinder.find_spec(fullname, path) if listed and fullname not in self.wanted else None
        if spec is not None:
            spec.loader = _LateLoader()
        return spec


_lock = threading.Lock()
_finder = _Finder()


@contextmanager
def late(names: Sequence[str]) -> Iterator[None]:
    """Inside, modules of these names are late. Not for two threads at once."""
    _finder.names, _finder.is_open = tuple(names), True
    sys.meta_path.insert(0, _finder)
    try:
        yield
    finally:
        sys.meta_path.remove(_finder)
        _finder.is_open = False
