"""Text brought to the length of the place in which it is shown."""


def one_line(text: str, longest: int = 300) -> str:
    """The text without its line breaks, cut with “…” where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
