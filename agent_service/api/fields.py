"""Reads untyped JSON: each value comes out typed, or the refusal names its field."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from agent_service.api.errors import bad_request, missing

MOST_CHARACTERS = 100_000
"""The longest text. People ask for a hundredth of it; some texts are kept after their session."""


class Fields:
    """The members of one JSON object; null counts as missing, and members that nobody reads are ignored."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = {name: value for name, value in members.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def text(self, name: str, default: str | None = None, *, most: int = MOST_CHARACTERS) -> str:
        """A string; required unless it has a default."""
        value = self._get(name, default)
        if not isinstance(value, str):
            raise bad_request(f"{name} must be a string.")
        if len(value) > most:
            raise bad_request(f"{name} may have at most {most} characters.")
        # JSON can spell half of a surrogate pair, which is not valid text and cannot be encoded.
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise bad_request(f"{name} must be valid Unicode text.")
        return value

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of a few strings."""
        value = self._get(name, default)
        if not isinstance(value, str) or value not in allowed:
            raise bad_request(f"{name} must be {_one_of(allowed)}.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise bad_request(f"{name} must be true or false.")
        return value

    def whole(self, name: str, low: int, high: int | None = None, default: int | None = None) -> int:
        """A whole number within limits."""
        value = self._number(name, default)
        if value != int(value) or value < low or (high is not None and value > high):
            limits = f"from {low} to {high}" if high is not None else f"of at least {low}"
            raise bad_request(f"{name} must be a whole number {limits}.")
        return int(value)

    def pixel(self, name: str, high: int) -> int:
        """A coordinate, rounded."""
        value = self._number(name, None)
        if not 0 <= value <= high:
            raise bad_request(f"{name} must be a number from 0 to {high}.")
        return round(value)

    def texts(self, name: str, *, most: int) -> list[str]:
        """A list of strings, empty by default."""
        values = self._members.get(name, [])
        if isinstance(values, list) and len(values) > most:
            raise bad_request(f"{name} may have at most {most} entries.")
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise bad_request(f"{name} must be a list of strings.")
        return values

    def nested(self, name: str) -> "Fields":
        """A nested object."""
        value = self._get(name, None)
        if not isinstance(value, dict):
            raise bad_request(f"{name} must be an object.")
        return Fields(value)

    def merged(self, name: str) -> "Fields":
        """These members overlaid with those of a nested object, if there is one."""
        if name not in self._members:
            return self
        return Fields({**self._members, **self.nested(name)._members})

    def _number(self, name: str, default: int | None) -> float:
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise bad_request(f"{name} must be a number.")
        if isinstance(value, float) and not math.isfinite(value):
            raise bad_request(f"{name} must be a number.")
        return value

    def _get(self, name: str, default: object) -> object:
        value: object = self._members.get(name, default)
        if value is None:
            raise missing(name)
        return value


def _one_of(allowed: Collection[str]) -> str:
    *most, last = (f'"{value}"' for value in allowed)
    return f"{', '.join(most)} or {last}" if most else last
