"""The model engine: a language model writes the code, with tools, in a sandbox."""
