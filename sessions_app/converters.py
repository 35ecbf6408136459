"""What stands in addresses for a row of ours."""

import re


class PublicId:
    """An id by its form alone: what cannot be one reaches no database, and PostgreSQL refuses to look for a NUL."""

    regex = r"[A-Za-z0-9_-]{1,64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


def is_public_id(raw: str) -> bool:
    """Whether this can be an id at all, where it does not come from a path."""
    return re.fullmatch(PublicId.regex, raw) is not None
