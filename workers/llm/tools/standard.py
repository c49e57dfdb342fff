"""What every model gets that works on files."""

from __future__ import annotations

from workers.llm.tools.desk import Desk
from workers.llm.tools.edit import edit
from workers.llm.tools.files import read, write
from workers.llm.tools.patch import apply_patch
from workers.llm.tools.port import Instrument
from workers.llm.tools.search import glob, grep
from workers.llm.tools.shell import shell


def tools_for(desk: Desk) -> list[Instrument]:
    return [shell(desk), read(desk), write(desk), edit(desk), apply_patch(desk), glob(desk), grep(desk)]
