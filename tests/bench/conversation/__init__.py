"""The parts of the bench `models`: the script, Hive's side, the others."""
