"""The host: a small daemon that owns release processes and the public ports of environments.

A release must outlive the worker that deployed it, so the worker does not start it: it asks the host. The host is a
child of `hive up` (`python -m workers.deployment.host --home DIR`), which starts it again when it dies.

    __main__.py     arguments, one host per home, signals
    daemon.py       puts the parts together; what happens at start and at the end
    control.py      the verbs, one JSON object per line over a unix socket; client.py speaks to it
    releases.py     starts, stops and watches release processes; live.py is one of them
    fronts.py       which port shows which release; front.py is one public port, pair.py one connection through it
    whereabouts.py  what a front asks about a release
    memory.py       host.json: what must come back after a crash
    logtail.py      the end of a release's log
    launcher.py     the port to what a release runs in; sandboxed.py and workers/deployment/containers fill it
    kinds.py        which of them a plan is for

Its state is HOME/run/host.json; the sandboxes of its releases lie in HOME/hosted.

It is *not* in charge of what should run where (the records say so), of whether a release is healthy (probes say so)
or of starting a release again that died by itself (monitoring decides).

Every verb may come twice and at the same time as itself. What a verb promises is in host.json before it is done, so a
host that is killed at any line brings back the same releases on the same ports.

It imports nothing heavy: no Django, no httpx, no TLS. It idles for weeks next to everything else.
"""
