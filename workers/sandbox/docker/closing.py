"""Close a container's ways to networks, from inside its network namespace: rules and tables of the kernel's own.

Not routes in the main table: the engine refuses to put a container into one more network where such a route covers it,
and a release gets its environment's network late, when it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import APIClient

_PATIENCE_S = 20

# Arguments: networks to close, `--`, addresses that stay open. In this order the kernel looks: the gateways, which
# are the machine itself, refused; what the container's own networks hold; the opened and the closed; the default route.
# It speaks to the kernel itself (rtnetlink), so that the image needs a python3 and no other tool.
PROGRAM = r"""
import errno, socket, struct, sys

NEWROUTE, NEWRULE, REQUEST, ACK, EXCL, CREATE, REPLACE = 24, 32, 0x1, 0x4, 0x200, 0x400, 0x100
MAIN, GATEWAYS, PLACES, BOOT, UNICAST, UNREACHABLE, TO_TABLE = 254, 101, 102, 3, 1, 7, 1
DST, GATEWAY, RULE_PRIORITY, SUPPRESS_SHORTER = 1, 5, 6, 14

kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
kernel.bind((0, 0))


def attribute(sort, data):
    return struct.pack("HH", 4 + len(data), sort) + data


def ask(sort, flags, body, what):
    kernel.send(struct.pack("IHHII", 16 + len(body), sort, REQUEST | ACK | CREATE | flags, 1, 0) + body)
    code = -struct.unpack_from("i", kernel.recv(65536), 16)[0]
    if code not in (0, errno.EEXIST):
        sys.exit(f"{what}: {errno.errorcode.get(code, code)}")


def route(table, network, sort, gateway=None):
    address, _, bits = network.partition("/")
    body = struct.pack("8BI", socket.AF_INET, int(bits or 32), 0, 0, table, BOOT, 0, sort, 0)
    body += attribute(DST, socket.inet_aton(address))
    if gateway:
        body += attribute(GATEWAY, socket.inet_aton(gateway))
    ask(NEWROUTE, REPLACE, body, network)


def rule(priority, table, *more):
    body = struct.pack("8BI", socket.AF_INET, 0, 0, 0, table, 0, 0, TO_TABLE, 0)
    ask(NEWRULE, EXCL, body + attribute(RULE_PRIORITY, struct.pack("I", priority)) + b"".join(more), f"rule {priority}")


def gateways():
    for line in open("/proc/net/route").read().splitlines()[1:]:
        words = line.split()
        if words[1] == "00000000" and int(words[3], 16) & 2:
            yield socket.inet_ntoa(struct.pack("<I", int(words[2], 16)))


closed, opened = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
ways = list(gateways())
for gateway in ways:
    route(GATEWAYS, gateway, UNREACHABLE)
for address in opened:
    for gateway in ways[:1]:
        if address != gateway:
            route(PLACES, address, UNICAST, gateway)
for network in closed:
    if network.partition("/")[0] not in opened:
        route(PLACES, network, UNREACHABLE)
rule(10, GATEWAYS)
rule(20, MAIN, attribute(SUPPRESS_SHORTER, struct.pack("I", 0)))
rule(30, PLACES)
"""


def close_ways(
    client: APIClient, image: str, container: str, closed: Sequence[str], servers: Sequence[str], marks: dict[str, str]
) -> str:
    """Run the program beside `container`, in its network; empty, or what it complained of.

    `image` has a python3. Whatever the engine raises comes out.
    """
    helper = client.create_container(
        image,
        ["-I", "-c", PROGRAM, *closed, "--", *servers],
        entrypoint=["python3"],
        user="0:0",
        labels=marks,
        host_config=client.create_host_config(
            network_mode=f"container:{container}",
            read_only=True,
            cap_drop=["ALL"],
            cap_add=["NET_ADMIN"],
            security_opt=["no-new-privileges:true"],
            pids_limit=16,
            mem_limit="128m",
        ),
    )["Id"]
    try:
        client.start(helper)
        if client.wait(helper, timeout=_PATIENCE_S)["StatusCode"]:
            return client.logs(helper, tail=5).decode(errors="replace").strip() or "it does not say why"
        return ""
    finally:
        client.remove_container(helper, force=True)
