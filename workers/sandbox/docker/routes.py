"""The program that declares networks unreachable, in whatever network namespace it runs.

It speaks to the kernel itself (rtnetlink), so that the image needs a python3 and no other tool.
"""

# Arguments: networks to close, `--`, addresses that stay open. The gateway of the default route is closed as well:
# packets still go through it, since a route names it by its link, and only what is addressed to it is refused.
PROGRAM = r"""
import socket, struct, sys

NEWROUTE, DELROUTE = 24, 25
REQUEST, ACK, CREATE, REPLACE = 0x1, 0x4, 0x400, 0x100
MAIN, BOOT, UNIVERSE, UNICAST, UNREACHABLE = 254, 3, 0, 1, 7
DST, GATEWAY, PRIORITY = 1, 5, 6

kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
kernel.bind((0, 0))


def attribute(sort, data):
    return struct.pack("HH", 4 + len(data), sort) + data


def add(network, sort, gateway=None):
    address, _, bits = network.partition("/")
    body = struct.pack("8BI", socket.AF_INET, int(bits or 32), 0, 0, MAIN, BOOT, UNIVERSE, sort, 0)
    body += attribute(DST, socket.inet_aton(address))
    if gateway:
        body += attribute(GATEWAY, socket.inet_aton(gateway))
    kernel.send(struct.pack("IHHII", 16 + len(body), NEWROUTE, REQUEST | ACK | CREATE | REPLACE, 1, 0) + body)
    code = struct.unpack_from("i", kernel.recv(65536), 16)[0]
    if code:
        sys.exit(f"{network} cannot be closed: error {-code}")


def gateways():
    for line in open("/proc/net/route").read().splitlines()[1:]:
        words = line.split()
        if words[1] == "00000000" and int(words[3], 16) & 2:
            yield socket.inet_ntoa(struct.pack("<I", int(words[2], 16)))


closed, opened = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
ways = list(gateways())
for address in opened:
    for gateway in ways[:1]:
        if address != gateway:
            add(address + "/32", UNICAST, gateway)
for network in closed:
    if network.partition("/")[0] not in opened:
        add(network, UNREACHABLE)
for gateway in ways:
    add(gateway + "/32", UNREACHABLE)
"""
