"""Which certificates a connection trusts."""

import hashlib
import socket
import ssl
from functools import lru_cache
from urllib.parse import urlsplit

from sessions_app.agent_api.errors import NotReached


def ssl_context(url: str, verify: str) -> ssl.SSLContext:
    """The system's trust, or ("verify" is a SHA-256) exactly one certificate, which is fetched and compared once.

    A service on a bare IP has no certificate that anybody signed; pinning is the honest alternative to trusting all.
    """
    parts = urlsplit(url)
    if verify == "system" or parts.scheme != "https":
        return _system_trust()
    return _trust_in(parts.hostname or "", parts.port or 443, verify)


@lru_cache(maxsize=1)
def _system_trust() -> ssl.SSLContext:
    """Read once: it takes tens of milliseconds, for which every first picture would wait."""
    return ssl.create_default_context()


@lru_cache(maxsize=64)
def _trust_in(host: str, port: int, verify: str) -> ssl.SSLContext:
    certificate = _fetch_certificate(host, port)
    if hashlib.sha256(certificate).hexdigest() != verify:
        raise NotReached("The service's certificate is not the one this connection is pinned to.")
    context = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(certificate))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _fetch_certificate(host: str, port: int) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent over it: only the certificate is read, then compared
    try:
        with (
            socket.create_connection((host, port), timeout=10) as raw,
            context.wrap_socket(raw, server_hostname=host) as tls,
        ):
            return tls.getpeercert(binary_form=True) or b""
    except OSError as error:
        raise NotReached("The service's certificate could not be read.") from error
