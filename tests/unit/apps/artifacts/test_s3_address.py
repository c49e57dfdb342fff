"""s3://…: what an address means, and what is said of one that cannot be read."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.artifacts.store import open_store
from apps.artifacts.store.s3 import Address, S3Store, read_address


def test_it_names_server_key_and_bucket() -> None:
    found = read_address("s3://HIVE:a%2Fb%40c@localhost:8333/artifacts?secure=0")
    assert found == Address("localhost:8333", "HIVE", "a/b@c", "artifacts", secure=False, region="us-east-1")
    assert "a/b@c" not in repr(found)


@pytest.mark.parametrize(
    ("host", "options", "region"),
    [
        ("s3.eu-central-1.amazonaws.com", "", "eu-central-1"),
        ("s3.amazonaws.com", "", "us-east-1"),
        ("s3.amazonaws.com", "?region=eu-west-3", "eu-west-3"),
        ("account.r2.cloudflarestorage.com", "?region=auto", "auto"),
    ],
)
def test_the_region_is_said_or_in_the_name_of_the_host(host: str, options: str, region: str) -> None:
    found = read_address(f"s3://k:s@{host}/bucket{options}")
    assert (found.region, found.secure, found.endpoint) == (region, True, host)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("s3:///bucket", "names no host"),
        ("s3://k:SECRET@host:port/bucket", "a port that is none"),
        ("s3://host/bucket", "names no key"),
        ("s3://k:SECRET@host", "not the name of a bucket"),
        ("s3://k:SECRET@host/bucket/folder", "'bucket/folder' is not the name"),
        ("s3://k:SECRET@host/bucket?secure=false", "secure is 1"),
        ("s3://k:SECRET@host/bucket?regoin=x", "regoin is not an option; there are secure, region, links"),
        ("s3://k:SECRET@host/bucket?links=files.example.com", "links is 'hive' or an origin"),
        ("s3://k:SECRET@host/bucket?links=https://host/path", "links is 'hive' or an origin"),
    ],
)
def test_what_cannot_be_read_is_said_without_the_secret(url: str, complaint: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=complaint) as said:
        read_address(url)
    assert "SECRET" not in str(said.value)


def test_opening_asks_nobody() -> None:
    assert isinstance(open_store("s3://k:s@nowhere.invalid/bucket"), S3Store)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="use file:///folder or s3://"):
        open_store("ftp://host/")
