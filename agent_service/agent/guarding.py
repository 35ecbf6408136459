"""Quoted text and addresses, set aside so that nothing inside them is read as an instruction."""

import re
from dataclasses import dataclass, field

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


@dataclass
class Guarded:
    """A text with its quotes and addresses replaced by tokens that no pattern mistakes for words."""

    text: str = ""
    _kept: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, text: str) -> "Guarded":
        guarded = cls()
        plain = text.replace(OPEN, " ").replace(CLOSE, " ")
        plain = QUOTED.sub(lambda match: guarded._keep("q", next(filter(None, match.groups()), "")), plain)
        guarded.text = ADDRESS.sub(guarded._keep_address, plain)
        return guarded

    def _keep(self, kind: str, value: str) -> str:
        self._kept.append(value)
        return f"{OPEN}{kind}{len(self._kept) - 1}{CLOSE}"

    def _keep_address(self, match: re.Match[str]) -> str:
        address = match[0].rstrip(".,;:!?)]}'\"")
        address = TOKEN.sub("", address) if OPEN in address else address
        return self._keep("a", address) + match[0][len(address) :] if address else match[0]

    def restore(self, text: str) -> str:
        """The text as it was written, without the quotes."""
        return TOKEN.sub(lambda match: self._kept[int(match[2])], text)


def is_address(text: str) -> bool:
    """Whether a guarded text is exactly one address."""
    match = TOKEN.fullmatch(text.strip())
    return match is not None and match[1] == "a"


def is_quote(text: str) -> bool:
    """Whether a guarded text is exactly one quoted text."""
    match = TOKEN.fullmatch(text.strip())
    return match is not None and match[1] == "q"


def looks_like_address(text: str) -> bool:
    """Whether a plain text, such as what stood in quotes, is one address."""
    return ADDRESS.fullmatch(text.strip()) is not None
