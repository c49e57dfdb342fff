"""litellm, in a process of its own, and the line to it: what runs apart from the worker."""
