"""The files of docs/deployment.md, as far as they can be looked at without running anything."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hive.cli.single import Role

JOBS = {"coding", "testing", "deployment", "host"}
# systemd covers parts of /proc for these, and the kernel then refuses a job a /proc of its own.
COVERING = ("ProtectKernelTunables", "ProtectKernelLogs", "ProtectProc", "ProcSubset", "RestrictNamespaces")


@pytest.fixture
def services(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((root / "docker-compose.yml").read_text())["services"]
    return found


def test_version_label_tag_and_package_agree(root: Path) -> None:
    version = re.search(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert f"ARG VERSION={version[1]}\n" in (root / "Dockerfile").read_text()
    tags = set(re.findall(r"HIVE_VERSION:-([^}]+)", (root / "docker-compose.yml").read_text()))
    assert tags == {version[1]}


def test_every_role_has_a_service_of_its_own(services: dict[str, Any]) -> None:
    assert {
        service["command"][2] for service in services.values() if service.get("command", [])[:2] == ["worker", "run"]
    } == {role.value for role in Role}


def test_nothing_keeps_a_service_from_being_scaled(services: dict[str, Any]) -> None:
    assert not [name for name, service in services.items() if "container_name" in service]
    assert {name for name, service in services.items() if "ports" in service} == {"web", "flower"}


def test_nobody_has_the_engines_socket_or_more_privileges_than_it_needs(root: Path, services: dict[str, Any]) -> None:
    assert "docker.sock" not in (root / "docker-compose.yml").read_text()
    assert all(service["cap_drop"] == ["ALL"] for service in services.values())
    assert all("no-new-privileges:true" in service["security_opt"] for service in services.values())
    wider = {name for name, service in services.items() if any("seccomp" in word for word in service["security_opt"])}
    assert wider == JOBS


def test_images_of_others_are_pinned_to_a_version(services: dict[str, Any]) -> None:
    others = [service["image"] for service in services.values() if not service["image"].startswith("hive:")]
    assert len(others) == 3
    assert all(re.search(r":[0-9]", image) for image in others)


def test_no_password_stands_in_a_file(root: Path) -> None:
    text = (root / "docker-compose.yml").read_text()
    given = re.findall(r"^ *\w*(?:PASSWORD|SECRET|KEY|AUTH)\w*: *(.*)$", text, re.MULTILINE)
    assert given
    assert not [value for value in given if not re.fullmatch(r"/secrets/\S+|\$\{\w+:-\}", value)]


def test_only_what_the_image_needs_is_sent_to_the_engine(root: Path) -> None:
    lines = [line for line in (root / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert not {"!.git", "!.env", "!.hive", "!tests", "!."} & set(lines)


def test_the_profile_lets_namespaces_be_made_and_nothing_be_loaded(root: Path) -> None:
    profile = json.loads((root / "deploy" / "seccomp.json").read_text())
    denied = {name for group in profile["syscalls"] for name in group["names"]}
    assert {
        "init_module",
        "finit_module",
        "bpf",
        "kexec_load",
        "keyctl",
        "open_by_handle_at",
        "io_uring_setup",
    } <= denied
    assert not {"unshare", "clone", "clone3", "mount", "umount2", "pivot_root", "sethostname"} & denied


def test_the_units_start_every_part_and_are_well_formed(root: Path, tmp_path: Path) -> None:
    units = sorted((root / "deploy" / "systemd").iterdir())
    for unit in units:  # the program of a unit must exist for systemd-analyze
        text = unit.read_text().replace("/opt/hive/.venv/bin/hive", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    names = [unit.name.replace("@.", "@coding.") for unit in units]
    for unit in names:
        if "@" in unit:
            (tmp_path / unit).write_text((tmp_path / unit.replace("@coding.", "@.")).read_text())
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "hive" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_units_leave_bubblewrap_a_proc_of_its_own(root: Path) -> None:
    for unit in (root / "deploy" / "systemd").iterdir():
        assert not [word for word in COVERING if f"{word}=" in unit.read_text()], unit.name


def test_the_target_wants_a_worker_for_each_role(root: Path) -> None:
    target = (root / "deploy" / "systemd" / "hive.target").read_text()
    assert set(re.findall(r"hive-worker@(\w+)\.service", target)) == {role.value for role in Role}
