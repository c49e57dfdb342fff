"""What a writer can get wrong, said so that it can be put right."""


class SourceError(Exception):
    """A file under src/ cannot be built; the message starts with its name."""
