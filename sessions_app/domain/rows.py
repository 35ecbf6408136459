"""A pasted list or CSV, read row by row: what is wrong is said, of all of it or of the row."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Sessions that one form may start.
MAX_ROWS = 100


@dataclass(frozen=True)
class Row:
    """One line of the list: the values, and what is wrong with them."""

    number: int
    values: Mapping[str, str]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """What was pasted or sent as a file, read; `error` is what is wrong with all of it."""

    rows: tuple[Row, ...] = ()
    error: str = ""

    @property
    def good(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.errors)


def read_rows(text: str, names: Sequence[str]) -> Sheet:
    """Read a pasted list or CSV: a header row with the placeholders' names, then a row a session.

    Where there is but one placeholder, a plain list of its values will do.
    """
    text = text.removeprefix("\ufeff").strip("\r\n")
    if not text.strip():
        return Sheet(error="Paste a list, or choose a file.")
    if "\x00" in text:
        return Sheet(error="This is not text.")
    delimiter, listed = _delimiter(text), text.splitlines()
    if len(names) == 1 and names[0] not in (_cells(listed[0], delimiter) or ()):
        return _checked([[_value(line)] for line in listed], list(names), first=1)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return Sheet(error=f"This cannot be read as CSV: {error}.")
    header = [cell.strip() for cell in lines[0]]
    if problem := _header_problem(header, names):
        return Sheet(error=problem)
    return _checked(lines[1:], header, first=2)


def _delimiter(text: str) -> str:
    head = text.splitlines()[0]
    return max("\t;,", key=head.count)


def _cells(line: str, delimiter: str) -> list[str] | None:
    """The cells of one line; none where it is no CSV."""
    try:
        return [cell.strip() for cells in csv.reader([line], delimiter=delimiter, strict=True) for cell in cells]
    except csv.Error:
        return None


def _value(line: str) -> str:
    """One value of a plain list: all of the line, without the quotes that a CSV puts around it."""
    cells = _cells(line, ",")
    return cells[0] if cells and len(cells) == 1 else line.strip()


def _header_problem(header: Sequence[str], names: Sequence[str]) -> str:
    missing = [name for name in names if name not in header]
    unknown = [name for name in header if name not in names]
    twice = [name for name, count in Counter(header).items() if count > 1]
    found = [f"names the placeholders, and lacks: {', '.join(missing)}."] if missing else []
    found += [f"names what the workflow does not have: {', '.join(map(repr, unknown))}."] if unknown else []
    found += [f"names {', '.join(map(repr, twice))} twice."] if twice else []
    return f"The first row {' It '.join(found)}" if found else ""


def _checked(lines: Sequence[Sequence[str]], header: Sequence[str], *, first: int) -> Sheet:
    rows = []
    for number, cells in enumerate(lines, start=first):
        if not any(cell.strip() for cell in cells):
            continue
        values = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        rows.append(Row(number, values, tuple(_row_errors(cells, values, header))))
    if not rows:
        return Sheet(error="There is no row below the names.")
    if len(rows) > MAX_ROWS:
        return Sheet(error=f"{len(rows)} rows are more than the {MAX_ROWS} that may be started at once.")
    return Sheet(tuple(rows))


def _row_errors(cells: Sequence[str], values: Mapping[str, str], header: Sequence[str]) -> Iterable[str]:
    if len(cells) != len(header):
        yield f"It has {len(cells)} value{'' if len(cells) == 1 else 's'}, not {len(header)}."
    for name in header[: len(cells)]:
        if not values[name]:
            yield f"{name} is empty."
