"""What the verbs that talk to a running Hive share: its address and key, its API, its streams."""
