"""The blog's generator: Markdown in, a site out, by the standard library alone."""
