"""Quoted text and addresses, set aside so that nothing inside them is read as an instruction."""

import re

OPEN, CLOSE = "\ue000", "\ue001"
TOKEN = re.compile(f"{OPEN}([qa])(\\d+){CLOSE}")
QUOTED = re.compile(
    r"""“([^”]*)”|‘([^’]*)’(?!\w)|«([^»]*)»|„([^“”]*)[“”]|"([^"]*)"|`([^`]*)`|(?<![\w'])'((?:[^']|(?<=\w)'(?=\w))*)'(?!\w)"""
)
ADDRESS = re.compile(
    r"""(?<![\w@.])(?:
        (?i:https?|file|ftp)://\S+ | about:blank | data:\S+
        | (?:localhost|\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?(?:[/?#]\S*)?(?!\w)
        | (?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:[a-z]{2,18}|[A-Z]{2,18})(?![\w@-])(?::\d+)?(?:[/?#]\S*)?
    )""",
    re.VERBOSE,
)


class Literals:
    """The quotations and addresses of one text, each behind a token that no pattern mistakes for words."""

    def __init__(self) -> None:
        self._values: list[str] = []

    def tokenise(self, text: str) -> str:
        """Replace each quotation and each address in a text by a token."""
        plain = text.replace(OPEN, " ").replace(CLOSE, " ")
        plain = QUOTED.sub(lambda match: self._token("q", next(filter(None, match.groups()), "")), plain)
        return ADDRESS.sub(self._address_token, plain)

    def restore(self, text: str) -> str:
        """The text as it was written, without the quotation marks."""
        return TOKEN.sub(lambda match: self._values[int(match[2])], text)

    def _token(self, kind: str, value: str) -> str:
        self._values.append(value)
        return f"{OPEN}{kind}{len(self._values) - 1}{CLOSE}"

    def _address_token(self, match: re.Match[str]) -> str:
        address = match[0].rstrip(".,;:!?)]}'\"")
        address = TOKEN.sub("", address) if OPEN in address else address
        return self._token("a", address) + match[0][len(address) :] if address else match[0]


def is_address(text: str) -> bool:
    """Whether a tokenised text is exactly one address."""
    match = TOKEN.fullmatch(text.strip())
    return match is not None and match[1] == "a"


def is_quote(text: str) -> bool:
    """Whether a tokenised text is exactly one quotation."""
    match = TOKEN.fullmatch(text.strip())
    return match is not None and match[1] == "q"


def looks_like_address(text: str) -> bool:
    """Whether a plain text, such as one that stood in quotes, is exactly one address."""
    return ADDRESS.fullmatch(text.strip()) is not None
