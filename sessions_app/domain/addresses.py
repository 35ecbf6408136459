"""Web addresses as people write them."""

import re

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d+(/|$))")


def with_scheme(address: str) -> str:
    """A bare host gets https; what stands before a port is no scheme."""
    return address if _SCHEME.match(address) else f"https://{address.removeprefix('//')}"
