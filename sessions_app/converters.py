"""What stands in addresses for a row of ours."""


class PublicId:
    """An id by its form alone: what cannot be one reaches no database, and PostgreSQL refuses to look for a NUL."""

    regex = r"[A-Za-z0-9_-]{1,64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
