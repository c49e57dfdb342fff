"""What a CI job is to do, as people write it: `.hive-ci.yaml`. Knows neither Django nor the records."""
