"""An app whose migration adds to tables of Hive, as the next version would."""
