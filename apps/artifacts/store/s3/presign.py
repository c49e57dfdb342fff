"""Links to S3 whose signature covers headers too: a PUT that takes just so many bytes.

minio signs the host alone. The algorithm is AWS Signature Version 4 in a query string, as Amazon documents it; the
tests compare with botocore's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Asked:
    """A request that a link is to permit. `url` has no query; `headers` are in lower case, and it must carry each."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Signer:
    """Whose signature it is, and for which region."""

    key: str
    secret: str
    region: str

    def link(self, asked: Asked, at: datetime, expires_s: int) -> str:
        parts = urlsplit(asked.url)
        signed = dict(sorted({"host": parts.netloc, **asked.headers}.items()))
        scope = f"{at:%Y%m%d}/{self.region}/s3/aws4_request"
        query = _query(
            {
                **asked.query,
                "X-Amz-Algorithm": ALGORITHM,
                "X-Amz-Credential": f"{self.key}/{scope}",
                "X-Amz-Date": f"{at:%Y%m%dT%H%M%SZ}",
                "X-Amz-Expires": str(expires_s),
                "X-Amz-SignedHeaders": ";".join(signed),
            }
        )
        lines = [f"{name}:{value}" for name, value in signed.items()]
        request = "\n".join([asked.method, parts.path, query, *lines, "", ";".join(signed), "UNSIGNED-PAYLOAD"])
        text = "\n".join([ALGORITHM, f"{at:%Y%m%dT%H%M%SZ}", scope, hashlib.sha256(request.encode()).hexdigest()])
        return f"{asked.url}?{query}&X-Amz-Signature={self._signature(text, at)}"

    def _signature(self, text: str, at: datetime) -> str:
        key = f"AWS4{self.secret}".encode()
        for word in (f"{at:%Y%m%d}", self.region, "s3", "aws4_request"):
            key = hmac.digest(key, word.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()


def _query(values: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(values.items()))
