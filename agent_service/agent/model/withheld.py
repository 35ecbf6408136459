"""Keeps secrets from the model: passwords that a person gave become placeholders (`sight` masks secret fields)."""

import re
from collections.abc import Iterable

from playwright.async_api import Locator

from agent_service.agent.credentials import PASSWORD_WORD, parse_credentials
from agent_service.agent.instructions import parse
from agent_service.agent.interface import TaskFailed
from agent_service.agent.skills.pointing import SECRET_FIELD, is_secret
from agent_service.agent.steps import SignIn, TypeText

MASK = "•••"
_PLACEHOLDER = re.compile(r"‹secret \d+›")
_QUOTED = r"\"([^\"]+)\"|'([^']+)'|“([^”]+)”"
_STATED = re.compile(rf"\b{PASSWORD_WORD}\b\s*(?:[:=]\s*(?:{_QUOTED}|(\S+))|(?:is\s+)?(?:{_QUOTED}))", re.IGNORECASE)


class Withheld:
    """A person's secrets, each under a placeholder that the model can use without knowing it."""

    def __init__(self) -> None:
        self._placeholders: dict[str, str] = {}

    def take_from(self, text: str) -> str:
        """Replace the secrets in a person's text, and withhold them from now on."""
        for secret in (*_stated(text), *_instructed(text)):
            self._keep(secret)
        return self.hide(text)

    def take_from_answer(self, text: str) -> str:
        """Like `take_from`, for an answer, which may consist of nothing but a name and a password."""
        credentials = parse_credentials(text)
        if credentials and _looks_like_credentials(text):
            self._keep(credentials.password)
        return self.take_from(text)

    def hide(self, text: str) -> str:
        """Replace every known secret in a text; only whole words match, since a short secret occurs within others."""
        for secret in sorted(self._placeholders, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", self._placeholders[secret], text)
        return text

    def reveal(self, text: str) -> str:
        """Replace placeholders by the secrets they stand for."""
        for secret, placeholder in self._placeholders.items():
            text = text.replace(placeholder, secret)
        return text

    async def reveal_into(self, text: str, field: Locator, label: str) -> str:
        """Like `reveal`, but only for a field that is meant for secrets: a page may talk a model into anything."""
        if not _PLACEHOLDER.search(text):
            return text
        if not (SECRET_FIELD.search(label) or await is_secret(field)):
            raise TaskFailed("A secret may only be typed into a field for passwords.", code="INVALID_PARAMETER")
        return self.reveal(text)

    def _keep(self, secret: str) -> None:
        if secret and not any(secret in known for known in self._placeholders):
            self._placeholders.setdefault(secret, f"‹secret {len(self._placeholders) + 1}›")


def _instructed(text: str) -> Iterable[str]:
    """The texts that the interpreter would take for a password."""
    for step in parse(text):
        match step:
            case SignIn(password=password):
                yield password
            case TypeText(text=typed, into=into) if SECRET_FIELD.search(into):
                yield typed


def _stated(text: str) -> Iterable[str]:
    for match in _STATED.finditer(text):
        yield next(filter(None, match.groups()), "").rstrip(".,;")


def _looks_like_credentials(text: str) -> bool:
    """Whether a text is a sign-in: two words are one only with an e-mail address or a separator between them."""
    return "@" in text or bool(re.fullmatch(r"\s*\S+\s*[/|\n]\s*\S+\s*", text)) or text.lstrip().startswith("{")
