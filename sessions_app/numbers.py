"""Numbers as they come in addresses, forms and headers, which anybody may have written."""


def whole_number(raw: str) -> int | None:
    """A number from 0 upwards that every database can hold; None for whatever else is sent."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
