"""Sign-in details as people give them: "a@b.c / secret", JSON, two lines, "user a@b.c password secret"."""

import json
import re
from dataclasses import dataclass, field

USER_WORD = r"(?:user\s*-?name|user|e-?mail(?:\s+address)?|login|account|id)"
PASSWORD_WORD = r"(?:password|passwort|passcode|pass|pwd|pw|secret)"  # noqa: S105
PASSWORD = re.compile(rf"\b{PASSWORD_WORD}\b", re.IGNORECASE)
IS = r"\s*(?:is|=|:)?\s*"
LABELLED_PASSWORD = re.compile(rf"\b{PASSWORD_WORD}\b{IS}(?P<password>\S+)", re.IGNORECASE)
LABELLED_USER = re.compile(rf"\b{USER_WORD}\b{IS}(?P<user>[^\s,;/|]+)", re.IGNORECASE)
EMAIL = re.compile(r"[^\s@,;/|:='\"<>()]+@[^\s@,;/|'\"<>()]+\.[^\s@,;/|'\"<>():]+")
QUOTES = "\"'“”‘’`"


@dataclass(frozen=True)
class Credentials:
    username: str = field(repr=False)
    password: str = field(repr=False)


def parse_credentials(text: str) -> Credentials | None:
    """Find both user name and password, or nothing: half a sign-in helps nobody."""
    for reader in (_from_json, _from_labels, _from_separated):
        username, password = reader(text.strip())
        if username and password:
            return Credentials(username, password)
    return None


def _from_json(text: str) -> tuple[str, str]:
    try:
        values = json.loads(text)
    except ValueError:
        return "", ""
    if not isinstance(values, dict):
        return "", ""
    by_kind = {"user": "", "password": ""}
    for key, value in values.items():
        if re.fullmatch(PASSWORD_WORD, str(key), re.IGNORECASE):
            by_kind["password"] = str(value)
        elif re.fullmatch(USER_WORD, str(key), re.IGNORECASE):
            by_kind["user"] = str(value)
    return by_kind["user"], by_kind["password"]


def _from_labels(text: str) -> tuple[str, str]:
    password = LABELLED_PASSWORD.search(text)
    if password is None:
        return "", ""
    before = text[: password.start()]
    rest = f"{before} {text[password.end() :]}"
    email, user = EMAIL.search(rest), LABELLED_USER.search(rest)
    if email:
        name = email[0]
    elif user:
        name = user["user"]
    else:
        name = _last_word(before)
    return name, _unquoted(password["password"])


def _from_separated(text: str) -> tuple[str, str]:
    """Read two words with a separator between them; an e-mail address tells which one is the user name."""
    email = EMAIL.search(text)
    if email:
        rest = text[email.end() :] if text[email.end() :].strip() else text[: email.start()]
        words = re.sub(r"^[\s,;/|:]+(?:and\b|with\b)?|[\s,;/|:]+$", "", rest, flags=re.IGNORECASE).split()
        return (email[0], _unquoted(words[0])) if len(words) == 1 else ("", "")
    if LABELLED_PASSWORD.match(text) or LABELLED_USER.match(text):
        return "", ""
    parts = [part for part in re.split(r"\s*[\n/|,;]\s*|\s+", text) if part]
    return (_unquoted(parts[0]), _unquoted(parts[1])) if len(parts) == 2 else ("", "")


def _last_word(text: str) -> str:
    words = [word for word in re.split(r"[\s,;/|]+", text) if word and word.lower() not in {"and", "with", "the", "as"}]
    return _unquoted(words[-1]) if words else ""


def _unquoted(text: str) -> str:
    return text.strip().rstrip(",;").strip(QUOTES)


def redact(text: str) -> str:
    """Mask whatever follows a word for a password."""
    return re.sub(rf"(\b{PASSWORD_WORD}\b{IS}(?:with\s+|as\s+|to\s+)?)\S+", r"\1•••", text, flags=re.IGNORECASE)
