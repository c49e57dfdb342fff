"""Containers: releases that an engine runs, for the targets `docker` and `compose`.

    stack.py       Stack and Service: what runs, as values that lie in stack.json
    engine.py      the way to the engine, the names and labels of what is ours, its errors in our words
    creating.py    one service as a container, with everything taken away that it does not need
    way.py         the way out to the internet, and nowhere else; closing.py closes the rest
    running.py     RunningStack: brings the services up in order, watches them, ends them
    launching.py   StackLauncher: the host's launcher for stacks
    commit.py      a commit's files, kept on disk while images are made of them
    dockerfile.py  what a Dockerfile may say
    images.py      makes images, within a time and without a network
    inspecting.py  what an image says of itself
    owned.py       what is ours on the engine, for whoever clears away

The release host owns running stacks as it owns processes: what it promised is in host.json, the ports of
environments lead to their addresses, and it brings them back after a crash of itself, of the engine or of the machine.
A container of a stack is made once and started as often as needed. The host imports the engine's client only when
the first stack comes: 10 MB that an installation without containers does not carry.
"""
