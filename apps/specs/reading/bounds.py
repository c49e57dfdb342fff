"""How much a spec may hold, so that reading one always ends soon and in little memory."""

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 300_000  # a dense spec of 1 MiB has about 120,000; aliases count with all they stand for
