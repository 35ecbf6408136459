"""The key that callers must send; the service keeps only its hash."""

import hashlib
import hmac
import re
from dataclasses import dataclass

_HASHED = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE)


@dataclass(frozen=True)
class ApiKey:
    """Recognises the key by its hash."""

    digest: bytes

    def matches(self, given: str) -> bool:
        """Whether this is the key, compared in constant time."""
        return hmac.compare_digest(_digest(given), self.digest)


def parse_key(text: str) -> ApiKey:
    """Read a key, or its hash as `sha256:…`, which is of no use to somebody who reads the configuration."""
    hashed = _HASHED.fullmatch(text)
    return ApiKey(bytes.fromhex(hashed[1]) if hashed else _digest(text))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
