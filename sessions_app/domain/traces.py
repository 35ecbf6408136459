"""Recognising what a person typed without having it: what a relay that takes a session over needs to blank it.

A trace is the length of a word and four bytes of its keyed hash. The four bytes find the word in a text, and of a text
of 100,000 characters blank something else once in tens of thousands. They do not give the word away: of a strong
password, billions of others have the same. The key is the session's own, and goes with the traces at its end.
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

from sessions_app.agent_api.raw import BLANK
from sessions_app.domain.blanking import SHORTEST, words_of
from sessions_app.domain.log import MAX_TEXT

_DIGEST_BYTES, _KEY_BYTES = 4, 16
#: Longer ones are traced in pieces: a text is hashed at each of its characters, over the whole length.
_LONGEST = 64


@dataclass(frozen=True)
class Traces:
    """All that was typed into one session."""

    key: bytes = b""
    #: By their words' length.
    digests: tuple[tuple[int, frozenset[bytes]], ...] = ()

    @classmethod
    def load(cls, written: str) -> Self:
        if not written:
            return cls()
        data = json.loads(written)
        digests = {int(length): frozenset(map(bytes.fromhex, found)) for length, found in data["digests"].items()}
        return cls(bytes.fromhex(data["key"]), tuple(sorted(digests.items(), reverse=True)))

    def dump(self) -> str:
        digests = {length: sorted(digest.hex() for digest in found) for length, found in self.digests}
        return json.dumps({"key": self.key.hex(), "digests": digests}) if digests else ""

    def __bool__(self) -> bool:
        return bool(self.digests)

    def add(self, text: str) -> "Traces":
        """The same, and those of one more text."""
        key = self.key or secrets.token_bytes(_KEY_BYTES)
        digests = {length: set(found) for length, found in self.digests}
        for word in words_of(text):
            for piece in _pieces(word):
                digests.setdefault(len(piece), set()).add(_digest(key, piece))
        longest_first = sorted(digests.items(), reverse=True)
        return Traces(key, tuple((length, frozenset(found)) for length, found in longest_first))

    def blank(self, text: str) -> str:
        """Replace whatever was typed, wherever it stands in the text; very long text is cut as a page would cut it."""
        head = text[:MAX_TEXT]
        shown = _without(head, sorted(self._find(head)))
        if len(text) <= MAX_TEXT:
            return shown
        # The last characters may be the beginning of a word whose rest was cut away.
        return f"{shown[: MAX_TEXT - 100 - _LONGEST]}\n… cut here: {len(text):,} characters came."

    def _find(self, text: str) -> Iterator[tuple[int, int]]:
        """From where to where something typed stands in the text; the pieces of a long one overlap."""
        for length, digests in self.digests:
            for at in range(len(text) - length + 1):
                if _digest(self.key, text[at : at + length]) in digests:
                    yield at, at + length


def _without(text: str, found: list[tuple[int, int]]) -> str:
    kept: list[str] = []
    shown_until = 0
    for start, end in found:
        if start > shown_until or not kept:
            kept += [text[shown_until:start], BLANK]
        shown_until = max(shown_until, end)
    return "".join(kept) + text[shown_until:]


def _pieces(word: str) -> set[str]:
    """The word, or all of a long one in pieces, the last of which ends with it; none of what is never blanked."""
    if len(word) < SHORTEST:
        return set()
    starts = range(0, max(len(word) - _LONGEST, 0) + 1, _LONGEST)
    return {word[start : start + _LONGEST] for start in starts} | {word[-_LONGEST:]}


def _digest(key: bytes, text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=_DIGEST_BYTES).digest()
