"""A pipeline's story: a real `hive up`, a real agent, and what a runner starts."""
