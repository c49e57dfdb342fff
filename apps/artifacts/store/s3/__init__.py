"""S3Store: a bucket of any server that speaks S3."""

from apps.artifacts.store.s3.address import Address, read_address
from apps.artifacts.store.s3.store import S3Store

__all__ = ["Address", "S3Store", "read_address"]
