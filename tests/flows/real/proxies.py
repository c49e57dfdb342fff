"""The proxies of docs/deployment.md, on a free port with a certificate of the test's own; else as the page has them."""

from __future__ import annotations

import datetime
import re
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.flows.page import DOCS
from tests.flows.real.hive import until

NAME = "hive.example.org"


@contextmanager
def nginx(folder: Path, port: int, behind: str) -> Iterator[None]:
    block = snippet("nginx")
    block = replace(block, "listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    block = replace(block, "/etc/ssl/hive/fullchain.pem", str(folder / "cert.pem"))
    block = replace(block, "/etc/ssl/hive/privkey.pem", str(folder / "key.pem"))
    block = replace(block, "http://127.0.0.1:8000", behind)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
    (folder / "nginx.conf").write_text(f"{head}http {{ access_log off; {places}\n{block}}}\n")
    with program("nginx", "nginx-light", "-p", str(folder), "-c", str(folder / "nginx.conf"), folder=folder):
        yield


@contextmanager
def caddy(folder: Path, port: int, behind: str) -> Iterator[None]:
    block = snippet("caddy")
    own = f"{NAME}:{port} {{\n    bind 127.0.0.1\n    tls {folder}/cert.pem {folder}/key.pem"
    block = replace(block, f"{NAME} {{", own)
    block = replace(block, "127.0.0.1:8000", behind.removeprefix("http://"))
    (folder / "Caddyfile").write_text(f"{{\n    admin off\n    auto_https disable_redirects\n}}\n{block}")
    options = ("run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile")
    with program("caddy", "caddy", *options, folder=folder):
        yield


PROXIES: dict[str, Callable[[Path, int, str], AbstractContextManager[None]]] = {"nginx": nginx, "caddy": caddy}


def snippet(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", (DOCS / "deployment.md").read_text(), re.DOTALL)
    assert found, f"deployment.md has no block in {language}"
    return found[1]


def replace(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the page's block"
    return text.replace(old, new)


@contextmanager
def program(name: str, package: str, *options: str, folder: Path) -> Iterator[None]:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        pytest.skip(f"needs {name}: apt-get install {package}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [found, *options], stdout=log, stderr=log, env={"PATH": "/usr/bin:/bin", "HOME": str(folder)}
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:  # Caddy waits for ever for the last connection to end
            process.kill()
            process.wait()


@contextmanager
def client(folder: Path, port: int) -> Iterator[httpx.Client]:
    """Speaks to the proxy as to `https://hive.example.org`, whose certificate it checks."""

    def named(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = NAME

    with httpx.Client(
        base_url=f"https://127.0.0.1:{port}",
        headers={"Host": NAME, "Origin": f"https://{NAME}", "Referer": f"https://{NAME}/"},
        event_hooks={"request": [named]},
        verify=ssl.create_default_context(cafile=str(folder / "cert.pem")),
        trust_env=False,
        timeout=30,
    ) as made:
        until(lambda: _answers(made), 30, lambda: (folder / "log").read_text()[-2000:])
        yield made


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").is_success
    except httpx.TransportError:
        return False


def certify(folder: Path) -> None:
    """A key, and a certificate for NAME that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, private, plain))
