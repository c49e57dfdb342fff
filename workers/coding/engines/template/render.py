"""A template and values to files, with copier as a library.

copier writes into an empty folder of ours, from a private copy of the template, so that nothing it is tricked into can
touch the worktree; what came out is then carried over file by file, through no link that leads out.
"""

from __future__ import annotations

import re
import shutil
import stat
import tempfile
import warnings
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from workers.coding.engines.template.errors import BadTemplate, BadValues
from workers.coding.engines.template.template import Template
from workers.sandbox.port import UnsafePath
from workers.sandbox.tree import Tree

MAX_FILES = 10_000
MAX_BYTES = 256 * 1024 * 1024
REFUSED_SETTINGS = ("_tasks", "_migrations", "_jinja_extensions", "_external_data")


def render(template: Template, values: Mapping[str, Any], into: Path) -> list[str]:
    """Write the template's files below `into`, which is made if missing; files of the same name are replaced.

    Returns the paths of the files, relative to `into`, sorted. Raises BadValues, BadTemplate.
    """
    into.mkdir(parents=True, exist_ok=True)
    return render_at(template, values, Tree(into), "/workspace")


def render_at(template: Template, values: Mapping[str, Any], tree: Tree, home: str) -> list[str]:
    """The same, into the folder that the tree calls `home`; the paths that come back are relative to it."""
    _check_values(template, values)
    for setting in REFUSED_SETTINGS:
        if template.settings.get(setting):
            raise BadTemplate(f"Template {template.name}: {setting} is not allowed in Hive's catalogue.")
    with tempfile.TemporaryDirectory(prefix="hive-template-") as scratch:
        source, made = Path(scratch) / "template", Path(scratch) / home.rsplit("/", 1)[-1]
        _copy_template(template, source)
        _run_copier(template, source, values, made)
        return _carry_over(template, made, tree, home)


def _check_values(template: Template, values: Mapping[str, Any]) -> None:
    known = [question.name for question in template.questions]
    for name in values:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"It takes: {', '.join(known) or 'none'}."
            raise BadValues(f"Template {template.name} takes no value `{name[:80]}`. {hint}")


def _copy_template(template: Template, to: Path) -> None:
    """A private copy without version control (copier would take the newest tag of a repository, not its files)."""
    _measure(template, template.path, ignored=".git")
    try:
        shutil.copytree(template.path, to, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    except (OSError, shutil.Error) as error:
        raise BadTemplate(f"Template {template.name} cannot be read: {error}") from None


def _measure(template: Template, folder: Path, ignored: str = "") -> list[Path]:
    """The files below a folder, but for those in `ignored`.

    Raises BadTemplate for too many of them, for links that lead out, and for devices.
    """
    files, size_bytes, root = [], 0, folder.resolve()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if relative.parts[0] == ignored:
            continue
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode) and not path.resolve().is_relative_to(root):
            raise BadTemplate(f"Template {template.name}: the link {relative} leads out of it.")
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            raise BadTemplate(f"Template {template.name}: {relative} is neither a file nor a folder.")
        if not stat.S_ISDIR(status.st_mode):
            files.append(path)
            size_bytes += status.st_size
        if len(files) > MAX_FILES or size_bytes > MAX_BYTES:
            raise BadTemplate(f"Template {template.name} has more than {MAX_FILES:,} files or {MAX_BYTES:,} bytes.")
    return files


def _run_copier(template: Template, source: Path, values: Mapping[str, Any], made: Path) -> None:
    import copier  # late: 0.5 s
    from copier.errors import CopierError
    from jinja2 import TemplateError as JinjaError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of copier's own version, and such
            copier.run_copy(
                str(source),
                made,
                data=dict(values),
                defaults=True,
                overwrite=True,
                quiet=True,
                unsafe=False,
                settings=copier.Settings(),  # nothing from the home of whoever runs Hive
            )
    except (CopierError, JinjaError, ValueError, TypeError, OSError) as error:
        raise _explained(template, error, source, values) from None


def _explained(
    template: Template, error: Exception, source: Path, values: Mapping[str, Any]
) -> BadTemplate | BadValues:
    from copier.errors import InvalidTypeError

    said = str(error).replace(f"{source}/", "").strip() or type(error).__name__
    if required := re.fullmatch(r'Question "(.+)" is required', said):
        return BadValues(f"Template {template.name} needs a value for `{required[1]}`.")
    # copier raises bare ValueErrors, without the question's name, for answers that it cannot use.
    if values and (type(error) in (ValueError, TypeError) or isinstance(error, InvalidTypeError)):
        return BadValues(f"Template {template.name} cannot use these values: {', '.join(values)}. {said}")
    return BadTemplate(f"Template {template.name}: {said}")


def _carry_over(template: Template, made: Path, tree: Tree, home: str) -> list[str]:
    carried = []
    for path in _measure(template, made) if made.exists() else []:
        relative = path.relative_to(made).as_posix()
        if any(part.lower() == ".git" for part in path.relative_to(made).parts):
            raise BadTemplate(f"Template {template.name} would write {relative}, which belongs to Hive.")
        target = f"{home}/{relative}"
        try:
            if path.is_symlink():
                if path.readlink().is_absolute():
                    raise UnsafePath("it is a link to an absolute path.")
                tree.link(tree.names(target), str(path.readlink()))
            else:
                mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
                tree.write(target, path.read_bytes(), mode)
        except (UnsafePath, OSError) as error:
            raise BadTemplate(f"Template {template.name} cannot write {relative}: {error}") from None
        carried.append(relative)
    return carried
