"""Sealing a text for one process: what it opens with is made at its start and never leaves its memory."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
#: One key seals one text, so that a fixed nonce is never used twice with it.
_NONCE = bytes(12)


class NotSealable(Exception):
    """There is no key, or none that is one, to seal for."""


def public_key() -> str:
    """This process's key for others to seal with, in letters that need no escaping."""
    return urlsafe_b64encode(_own_key().public_key().public_bytes_raw()).decode().rstrip("=")


def seal(text: str, *, for_key: str, subject: str) -> bytes:
    """Encrypt for the process whose key it is; it opens only as what it was sealed as. Raises NotSealable."""
    try:
        raw = urlsafe_b64decode(for_key + "=" * (-len(for_key) % 4))
        receiver = X25519PublicKey.from_public_bytes(raw)
        sender = X25519PrivateKey.generate()
        shared = sender.exchange(receiver)
    except ValueError as error:
        raise NotSealable from error
    own = sender.public_key().public_bytes_raw()
    return own + _cipher(shared, own, raw).encrypt(_NONCE, text.encode(), subject.encode())


def open_sealed(sealed: bytes, *, subject: str) -> str | None:
    """The text; None where it was sealed for another process, as something else, or was changed."""
    sender, content = sealed[:_KEY_BYTES], sealed[_KEY_BYTES:]
    own = _own_key()
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(sender))
        cipher = _cipher(shared, sender, own.public_key().public_bytes_raw())
        return cipher.decrypt(_NONCE, content, subject.encode()).decode()
    except (ValueError, InvalidTag):
        return None


@cache
def _own_key() -> X25519PrivateKey:
    return X25519PrivateKey.generate()


def _cipher(shared: bytes, sender: bytes, receiver: bytes) -> ChaCha20Poly1305:
    key = HKDF(SHA256(), 32, salt=sender + receiver, info=b"watchfloor.sealed-answer").derive(shared)
    return ChaCha20Poly1305(key)
