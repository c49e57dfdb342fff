"""Kind `docker`: a container per sandbox, on an engine that may be another machine's.

    engine.py    which engine, and what an installation lets sandboxes use of it; errors in Hive's words
    images.py    which images may be used, and getting them
    marks.py     the labels by which containers, networks and volumes are found again
    create.py    volumes, container, and what both are held to
    volumes.py   removing one, also where the engine cannot
    network.py   a network of the sandbox's own, closed towards the engine's machine and private networks
    scripts.py   what runs inside: POSIX shell, so that any image with a shell will do
    stream.py    what the engine sends of a process: output and words of the scripts, in frames
    closing.py   closes it, from inside
    given.py     what a command is given
    box.py       a running container: starts it, asks it, ends it
    command.py   one command in it: its output as it comes, its clocks, its end
    meter.py     looks at what the kernel counted, and at the disk
    files.py     files in and out, as tars through the engine; nothing of the host is mounted
    arrivals.py  what came out, judged
    door.py      from a unix socket of Hive's to a port inside
    running.py   a long-lived process
    sandbox.py   the sandbox
    janitor.py   removes what no living job owns
    trial.py     shows whether the engine keeps its word: `hive doctor`

    Hive ──stdin──▶ keeper (a shell, below the engine's init) ends when Hive's end of its stdin is closed, and with it
                    the container. So a worker that dies, by whatever signal, takes everything in there along.
    Hive ──exec───▶ warden (a shell, as the job's user) ──▶ command ──▶ whatever it starts

It is *not* in charge of which leases live: the caller of the janitor says so.
"""
