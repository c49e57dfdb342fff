"""What can go wrong with templates, sorted by who must act.

TemplateError
├── UnknownTemplate      the spec's writer: no such name
├── BadValues            the spec's writer: values that the template does not take
├── BadTemplate          the template's author
└── SourceUnreachable    the operator, or time: permanent is False
"""

from __future__ import annotations


class TemplateError(Exception):
    """`permanent`: trying again changes nothing."""

    permanent = True


class UnknownTemplate(TemplateError):
    """No source of the catalogue holds a template of this name."""


class BadValues(TemplateError):
    """The values do not answer the template's questions."""


class BadTemplate(TemplateError):
    """The template cannot be used as it is."""


class SourceUnreachable(TemplateError):
    """A source of templates does not answer, and nothing of it was kept from before."""

    permanent = False
