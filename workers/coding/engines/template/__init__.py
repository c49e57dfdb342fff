"""The engine that needs no model: templates from a catalogue, and files given in the spec, written into a worktree.

Knows neither Django nor Celery nor the records. copier is imported only when something is rendered: it costs half a
second that no worker should pay at its start.
"""

from workers.coding.engines.template.catalogue import Catalogue, standard_catalogue
from workers.coding.engines.template.engine import TemplateEngine, lay_out
from workers.coding.engines.template.errors import (
    BadTemplate,
    BadValues,
    SourceUnreachable,
    TemplateError,
    UnknownTemplate,
)
from workers.coding.engines.template.render import render
from workers.coding.engines.template.template import Question, Template

__all__ = [
    "BadTemplate",
    "BadValues",
    "Catalogue",
    "Question",
    "SourceUnreachable",
    "Template",
    "TemplateEngine",
    "TemplateError",
    "UnknownTemplate",
    "lay_out",
    "render",
    "standard_catalogue",
]
