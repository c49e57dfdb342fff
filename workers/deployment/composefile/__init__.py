"""A product's own compose file: read as a list of what is allowed, so that what nobody thought of is refused.

    dangerous.py   keys that people write and Hive refuses, each with the reason and what to do
    values.py      the short forms of compose, as the long ones; what each value may be
    schema.py      the keys that are known
    read.py        text to ComposeFile, or every problem with its line

It is read here and nowhere else: the engine gets containers that Hive describes, never the file.
"""
