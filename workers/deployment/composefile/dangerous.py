"""Keys of compose files that are refused, with a sentence for whoever wrote them."""

from __future__ import annotations

from apps.specs.problems import Problems
from apps.specs.reading.nodes import Node

_HOST = "It would give the service the machine that Hive runs on."
_OUT = "It reaches out of the commit."
_OWN = "Hive sets it itself."

OF_SERVICE: dict[str, tuple[str, str]] = {
    "privileged": (_HOST, "Leave it out."),
    "network_mode": (
        f"Services share one network of their own. {_HOST}",
        "Leave it out; they reach one another by name.",
    ),
    "networks": ("All services of a stack share one network of their own.", "Leave it out."),
    "pid": (_HOST, "Leave it out."),
    "ipc": (_HOST, "Leave it out."),
    "uts": (_HOST, "Leave it out."),
    "userns_mode": (_HOST, "Leave it out."),
    "cgroup": (_HOST, "Leave it out."),
    "cgroup_parent": (_HOST, "Leave it out."),
    "cap_add": ("Services run without any capability.", "Leave it out; take a port above 1024 and a user of your own."),
    "cap_drop": ("Every capability is dropped already.", "Leave it out."),
    "devices": (_HOST, "Leave it out."),
    "device_cgroup_rules": (_HOST, "Leave it out."),
    "gpus": (_HOST, "Leave it out."),
    "security_opt": (_OWN, "Leave it out: no-new-privileges is always on."),
    "sysctls": (_HOST, "Leave it out."),
    "ulimits": (_OWN, "Leave it out; deploy.limits bounds the stack."),
    "runtime": (_HOST, "Leave it out."),
    "isolation": (_HOST, "Leave it out."),
    "volumes_from": (_HOST, "Name a volume under `volumes` in both services."),
    "env_file": (_OUT, "Write the variables under `environment`, or in the spec's deploy.env."),
    "extends": (_OUT, "Write the service out."),
    "configs": (_OUT, "COPY the file into the image."),
    "secrets": (_OUT, "Name a secret of the project in the spec, and pass it by deploy.env."),
    "extra_hosts": (_HOST, "Leave it out; services reach one another by name."),
    "dns": (_HOST, "Leave it out."),
    "links": ("Services reach one another by name already.", "Leave it out."),
    "external_links": (_OUT, "Leave it out."),
    "container_name": (_OWN, "Leave it out; the service's name is its name in the network."),
    "hostname": (_OWN, "Leave it out; the service's name is its name in the network."),
    "logging": (_OWN, "Leave it out: logs are bounded."),
    "deploy": (_OWN, "Use mem_limit, cpus and pids_limit."),
    "labels": (_OWN, "Leave it out: labels say whose a container is."),
    "profiles": ("Every service of the file runs.", "Leave the service out."),
    "scale": ("There is one container per service.", "Leave it out."),
    "oom_kill_disable": (_HOST, "Leave it out."),
    "group_add": (_HOST, "Leave it out."),
}
OF_FILE: dict[str, tuple[str, str]] = {
    "include": (_OUT, "Write the services into this file."),
    "networks": OF_SERVICE["networks"],
    "configs": OF_SERVICE["configs"],
    "secrets": OF_SERVICE["secrets"],
}


def refuse_dangerous(root: Node, problems: Problems) -> None:
    """Add a problem for each such key, and take it out: what is left is looked at as usual."""
    _refuse(root, OF_FILE, problems)
    services = root.get("services")
    for service in services.mapping.values() if services else []:
        _refuse(service, OF_SERVICE, problems)


def _refuse(owner: Node, table: dict[str, tuple[str, str]], problems: Problems) -> None:
    for key in [key for key in owner.mapping if key in table]:
        why, hint = table[key]
        node = owner.mapping.pop(key)
        problems.add("refused", f"`{key}` is not allowed. {why}", hint, mark=owner.key_mark(key), path=node.path)
