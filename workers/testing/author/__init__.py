"""The author of acceptance tests: a model, which works before the coder does and never sees its code."""
