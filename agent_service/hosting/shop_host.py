"""Lets the shop answer for a public name, by loopback listeners that only the agents' browsers know of."""

import base64
import hashlib
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent_service.browser.targets import Endpoint
from agent_service.hosting.listening import listen, port_of
from agent_service.shop.app import create_shop

_LOOPBACK = "127.0.0.1"
_VALID = timedelta(days=365)


class ShopHost:
    """The shop as agents find it: at `/shop/` on the service's own origin, and at the root of a public name.

    These listeners serve nothing but the shop, so that an agent never reaches the service itself.
    """

    def __init__(self, own: Endpoint, name: str | None) -> None:
        self.places: dict[Endpoint, Endpoint] = {}
        self.trusted_spki: tuple[str, ...] = ()
        self._own = own
        self._names = (name, f"www.{name}") if name else ()
        self._runners: list[web.AppRunner] = []

    async def start(self) -> None:
        """Serve on free ports of loopback."""
        below = web.Application()
        below.add_subapp("/shop/", create_shop())
        self.places[self._own] = await _open(await self._set_up(below))
        if self._names:
            runner = await self._set_up(create_shop())
            context, spki = _certificate(self._names)
            self.trusted_spki = (spki,)
            for port, tls in ((80, None), (443, context)):
                place = await _open(runner, tls)
                self.places |= {(name, port): place for name in self._names}

    async def close(self) -> None:
        """Stop serving."""
        for runner in self._runners:
            await runner.cleanup()

    async def _set_up(self, app: web.Application) -> web.AppRunner:
        runner = web.AppRunner(app, access_log=None)
        self._runners.append(runner)
        await runner.setup()
        return runner


async def _open(runner: web.AppRunner, tls: ssl.SSLContext | None = None) -> Endpoint:
    listener = listen(_LOOPBACK, 0)
    await web.SockSite(runner, listener, ssl_context=tls).start()
    return _LOOPBACK, port_of(listener)


def _certificate(names: tuple[str, ...]) -> tuple[ssl.SSLContext, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _context(key, certificate), base64.b64encode(hashlib.sha256(public).digest()).decode()


def _context(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    # The ssl module reads keys from files only; this file is deleted as soon as it has been read.
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(secret + certificate.public_bytes(pem))
        context.load_cert_chain(file.name)
    return context
