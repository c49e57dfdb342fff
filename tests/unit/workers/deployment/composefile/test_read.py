from __future__ import annotations

import pytest

from apps.specs.problems import Problems
from workers.deployment.composefile.dangerous import OF_SERVICE
from workers.deployment.composefile.read import in_order, read
from workers.deployment.composefile.schema import ComposeFile


def reading(text: str, **variables: str) -> tuple[ComposeFile | None, list[str]]:
    problems = Problems()
    file = read(text, variables, lambda image: not image.startswith("evil"), problems)
    return file, [str(problem) for problem in problems.sorted()]


def service(*lines: str) -> str:
    return "services:\n  web:\n    image: python:3\n" + "".join(f"    {line}\n" for line in lines)


def test_an_ordinary_file_is_read_with_its_short_forms() -> None:
    file, problems = reading(
        """
version: "3"
services:
  web:
    build: web
    command: python3 "my app.py"
    environment: [A=b, C=$SET, D=$$]
    depends_on: {db: {condition: service_healthy}}
    ports: [8080]
  db:
    image: postgres:15
    user: "999"
    mem_limit: 256m
    environment: {X: 1, Y: true, Z: "${NOT_SET:-z}"}
    healthcheck: {test: pg_isready, interval: 1s}
    volumes: ["data:/var/lib/data", /scratch]
    tmpfs: /run
    read_only: false
volumes:
  data:
""",
        SET="set",
    )
    assert problems == []
    assert file
    web, db = file.services["web"], file.services["db"]
    assert web.build
    assert (web.build.context, web.build.dockerfile, web.command) == ("web", "Dockerfile", ("python3", "my app.py"))
    assert (web.environment, web.depends_on, web.ports) == (
        {"A": "b", "C": "set", "D": "$"},
        {"db": "healthy"},
        (8080,),
    )
    assert (db.user, db.mem_limit, db.environment) == ("999:999", 256 * 2**20, {"X": "1", "Y": "true", "Z": "z"})
    assert [(mount.source, mount.target) for mount in db.volumes] == [("data", "/var/lib/data"), ("", "/scratch")]
    assert db.healthcheck
    assert db.healthcheck.test == ("CMD-SHELL", "pg_isready")
    assert in_order(file) == ["db", "web"]


@pytest.mark.parametrize("key", sorted(OF_SERVICE))
def test_a_dangerous_key_is_refused_with_its_line_whatever_it_holds(key: str) -> None:
    for value in ("x", "[x]", "{x: y}", "true"):
        file, problems = reading(service("init: true", f"{key}: {value}"))
        assert file is None
        assert problems[0].startswith(f"5:5 services.web.{key}: `{key}` is not allowed.")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('ports: ["8080:80"]', "4:13 services.web.ports[0]: `8080:80` would publish a port of the machine"),
        ('ports: ["127.0.0.1:8080:80"]', "would publish"),
        ('ports: ["80/udp"]', "would publish"),
        ('ports: ["8000-8100"]', "would publish"),
        ("ports: [{target: 80, published: 80}]", "not allowed"),
        ('ports: [{target: 80, host_ip: "0.0.0.0"}]', "not allowed"),
        ('volumes: ["/var/run/docker.sock:/var/run/docker.sock"]', "is a path of the machine"),
        ('volumes: ["./here:/data"]', "is a path of the machine"),
        ('volumes: ["~/.ssh:/data"]', "is a path of the machine"),
        ('volumes: ["../up:/data"]', "is a path of the machine"),
        ('volumes: ["${HOME}:/data"]', "The variable `HOME` has no value"),
        ("volumes: [{type: bind, source: /, target: /x}]", "of the type `bind` is not allowed"),
        ("volumes: [{type: npipe, source: a, target: /x}]", "of the type `npipe` is not allowed"),
        ("volumes: [{type: volume, source: a, target: /x, bind: {}}]", "`bind` is not known here"),
        ('volumes: ["other:/data"]', "The volume `other` is not declared"),
        ('volumes: ["a:/data:z"]', "the mode `z` is not allowed"),
        ('volumes: ["/proc/sys"]', "belongs to the system"),
        ('volumes: ["/x/docker.sock"]', "socket is never given away"),
        ("tmpfs: /dev", "belongs to the system"),
        ('user: "0"', "is no user that a service may run as"),
        ("user: root", "is no user"),
        ('user: "1000:0"', "is no user"),
        ("build: ../elsewhere", "`../elsewhere` climbs out"),
        ("build: /etc", "`/etc` is absolute"),
        ("build: https://example.com/x.git", "needs an `image` or a `build`, and not both"),
        ("build: {context: ., dockerfile: ../../Dockerfile}", "climbs out"),
        ("build: {context: ., ssh: default}", "`ssh` is not known here"),
        ("build: {context: ., network: host}", "`network` is not known here"),
        ("build: {context: ., additional_contexts: {a: /}}", "`additional_contexts` is not known here"),
        ("depends_on: [web]", "wait for one another in a circle"),
        ("depends_on: [other]", "`other` is no service of this file"),
        ("environment: [PATH]", "a variable without a value"),
        ("x-anything: 1", "`x-anything` is not known here"),
        ("pull_policy: always", "`pull_policy` is not known here"),
    ],
)
def test_what_reaches_out_is_refused_and_told(line: str, complaint: str) -> None:
    file, problems = reading(service(line) + ("volumes: {a: }\n" if "a:" in line else ""))
    assert file is None
    assert complaint.lower() in "\n".join(problems).lower()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("include: [x.yaml]\n" + service(), "1:1 include: `include` is not allowed"),
        (service() + "volumes: {data: {driver_opts: {device: /, o: bind, type: none}}}\n", "takes no options"),
        (service() + "volumes: {data: {external: true}}\n", "takes no options"),
        (service() + "networks: {default: {external: true}}\n", "`networks` is not allowed"),
        ("services:\n  web:\n    image: evil/image\n", "3:12 services.web.image: The image `evil/image`"),
        ("services:\n  web: {}\n", "needs an `image` or a `build`"),
        ("services:\n  WEB:\n    image: a\n", "is not a service's name"),
        ("services: {}\n", "services"),
        ("services: [\n", ""),
        ("services:\n  a: &a {image: x}\n  b:\n    <<: *a\n", "Merge keys"),
        ("services:\n  a: !reset {image: x}\n", ""),
    ],
)
def test_a_file_that_cannot_be_is_told(text: str, complaint: str) -> None:
    file, problems = reading(text)
    assert file is None
    assert complaint in "\n".join(problems)
    assert problems


def test_a_variable_comes_from_the_spec_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_SECRET_KEY", "very secret")
    file, problems = reading(service("environment: {A: $HIVE_SECRET_KEY}"))
    assert file is None
    assert "4:22 services.web.environment.A: The variable `HIVE_SECRET_KEY` has no value." in problems[0]
