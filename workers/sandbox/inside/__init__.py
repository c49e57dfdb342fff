"""The program that runs inside a sandbox, and starts, measures and ends its commands.

Standard library only, and relative imports only: a sandbox sees this folder alone, under another name, with whatever
Python the machine has. Nothing here knows of Hive.

    Hive ──control──▶ keeper ──fork──▶ warden ──fork──▶ command ──▶ whatever it starts
                        │ measures        │ takes in the command's orphans, ends its whole tree
                        └ pid 1 of a bubblewrap sandbox
"""
