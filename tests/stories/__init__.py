"""Runs in every state, made as Hive makes them: through the services, by a worker that is told how its work ends."""
