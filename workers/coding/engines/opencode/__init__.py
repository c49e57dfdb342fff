"""The engine opencode: the program of that name writes the code, supervised, with Hive's models.

    OpencodeEngine ── sandbox: opencode run … ──HTTP on its own loopback──▶ gateway ──▶ Hive's models, under the budget
          ▲                        │
          └── Follower ◀── JSON, one event per line: steps, tools, text

In a container what listens on its loopback is the program itself, as a Bun: forwarder.py. fit.py says why it cannot.

program.py finds it, launch.py says how it is started, follow.py reads what it tells, silence.py ends it when it tells
nothing. What it says of its work counts for nothing: others look at the commit and run the tests.
"""
