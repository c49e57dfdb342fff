"""Late modules: what a library imports and a conversation never uses is executed when it is first touched.

After `late(names)`, a module of these names, or below one of them, is put into sys.modules unexecuted. A module of the
same library that imports a name from it is given a Later while its body is executed. That is enough for annotations,
which is all that most of them are for. Whatever else is done with it there (a call, a subclass, isinstance, an
attribute) executes the late module and goes on with the real thing, and so does every function that uses the name
afterwards: a name that is listed wrongly costs time, not truth. Constants and exceptions are never given late.
"""

from __future__ import annotations

import builtins
import functools
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import FrameType, ModuleType
from typing import Any

from workers.llm.apart.code import has_name, starred
from workers.llm.apart.hints import find_late_names
from workers.llm.apart.later import Find, Later, Names, is_a_body


class LateModule(ModuleType):
    """In sys.modules until something real is wanted of it."""

    def __getattr__(self, name: str) -> Any:
        asking = _who_asks()
        if name == "__all__" and is_a_body(asking) and (names := starred(self.__name__, asking.f_globals)) is not None:
            return names
        if name.startswith("__") and name != "__all__":  # which `import *` asks for
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name != "__all__" and is_a_body(asking) and _may_be_late(name) and has_name(self.__name__, name):
            return of_module(self.__name__, name)
        return getattr(execute(self.__name__), name)


class EarlyModule(ModuleType):
    """One that has been executed, and imported names that are late."""

    def __getattr__(self, name: str) -> Any:
        names: Names = vars(self)["__builtins__"]
        if name == "__all__":
            return [name for name in names.everything() if not name.startswith("_")]
        later = names.late(name)
        if later is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return later if is_a_body(_who_asks()) else names.found(name)

    def __dir__(self) -> list[str]:
        names: Names = vars(self)["__builtins__"]
        return names.everything()


def execute(name: str) -> ModuleType:
    """The module of this name, executed by now."""
    _finder.wanted.add(name)
    late = sys.modules.get(name)
    if isinstance(late, LateModule):
        sys.modules.pop(name, None)
    __import__(name)
    module = sys.modules[name]
    if isinstance(late, LateModule):  # whoever holds it finds the real names in it, and its parts in the real one
        vars(module).update({key: part for key, part in vars(late).items() if key not in vars(module)})
        vars(late).update((key, value) for key, value in vars(module).items() if not key.startswith("__"))
    return module


def waiting() -> list[str]:
    """The late modules that nobody has touched."""
    return sorted(name for name, module in list(sys.modules.items()) if isinstance(module, LateModule))


def spare(module: ModuleType, name: str, find: Find) -> None:
    """A name of a module is found when somebody asks for it."""
    names = vars(module).get("__builtins__")
    if isinstance(names, Names):
        vars(module)[name] = Later(module.__name__, name, find)
        names.take_back()
        module.__class__ = EarlyModule
    else:
        vars(module)[name] = find()


@functools.cache
def of_module(module: str, name: str) -> Later:
    """What stands for this name of this module."""
    return Later(module, name, lambda: getattr(execute(module), name))


def _may_be_late(name: str) -> bool:
    """Not what is compared or caught: a stand-in is neither equal to the real one, nor a class to the interpreter."""
    return not name.strip("_").isupper() and not name.endswith(("Error", "Exception"))


def _who_asks() -> FrameType:
    """Who wants a name of a module: importlib asks for others."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_globals.get("__name__") == "importlib._bootstrap":
        frame = frame.f_back
    return frame


class _Late(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return LateModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """When it is touched."""


class _Early(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        names = vars(module)["__builtins__"] = Names(vars(module))
        try:
            super().exec_module(module)
        except (
            Exception
        ):  # it does not bear stand-ins (as a parameter of Generic …), or has another reason: we shall see
            vars(module)["__builtins__"] = builtins
            super().exec_module(module)
            return
        if type(module) is ModuleType and names.take_back():
            module.__class__ = EarlyModule


class _Finder(MetaPathFinder):
    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        self.but: frozenset[str] = frozenset()
        self.roots: frozenset[str] = frozenset()
        self.wanted: set[str] = set()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002 - importlib names it
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in self.roots:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            is_late = fullname not in self.wanted and self._listed(fullname)
            spec.loader = _Late() if is_late else _Early(spec.loader.name, spec.loader.path)
        return spec

    def _listed(self, name: str) -> bool:
        while name and name not in self.names and name not in self.but:
            name = name.rpartition(".")[0]
        return name in self.names and name not in self.but


_finder = _Finder()


@contextmanager
def late(names: Sequence[str], but: Sequence[str] = ()) -> Iterator[None]:
    """From now on, modules of these names are late, but for some below them. What raises inside puts an end to that."""
    before = _finder.names, _finder.but, _finder.roots
    _finder.names |= set(names)
    _finder.but |= set(but)
    _finder.roots |= {name.partition(".")[0] for name in names}
    find_late_names()
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    try:
        yield
    except BaseException:
        _finder.names, _finder.but, _finder.roots = before
        raise
