"""Domains as people enter them, and whether a host lies within one."""

from collections.abc import Collection
from urllib.parse import urlsplit


def is_within(host: str, domains: Collection[str]) -> bool:
    """Whether the host is one of the domains or a subdomain of one."""
    host = host.rstrip(".").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def host_name(domain: str) -> str:
    """The bare lower-case host of a domain, address or `*.` pattern as people enter it."""
    host = urlsplit(domain if "//" in domain else f"//{domain}").hostname or ""
    return host.removeprefix("*.").removeprefix(".").rstrip(".")
