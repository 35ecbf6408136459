"""Text that is readable in the program and nowhere else."""

from base64 import urlsafe_b64encode
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class UnreadableSecret(Exception):
    """A stored secret was written under another SECRET_KEY."""


@cache
def _cipher(*secret_keys: str) -> MultiFernet:
    return MultiFernet([Fernet(_derived_key(key)) for key in secret_keys])


def _derived_key(secret_key: str) -> bytes:
    raw = HKDF(SHA256(), 32, salt=None, info=b"watchfloor.encrypted-field").derive(secret_key.encode())
    return urlsafe_b64encode(raw)


def _current_cipher() -> MultiFernet:
    return _cipher(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


class EncryptedTextField(_TextField):
    """Fernet under keys derived from SECRET_KEY (and its fallbacks); the empty string stays empty.

    An unreadable value raises instead of passing the ciphertext on, which would send it as a key.
    """

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return _current_cipher().encrypt(text.encode()).decode() if text else text

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if not value:
            return value
        try:
            return _current_cipher().decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise UnreadableSecret(
                "A stored secret cannot be read: SECRET_KEY is not the one it was written under."
            ) from error
