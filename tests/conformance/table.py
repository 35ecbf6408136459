"""The table of what was checked, printed at the end of the run."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

PROPERTY = "conformance"
_SIGNS = {"passed": "yes", "failed": "NO", "error": "NO", "skipped": "–"}


def write_table(reporter: pytest.TerminalReporter) -> None:
    """Say of each row of the contract whether it holds, in each form; nothing where no row was checked."""
    found = _found(reporter)
    if not found:
        return
    forms = sorted({form for results in found.values() for form in results})
    width = max(len(text) for _, text in found) + 2
    reporter.section("conformance to the contract of the agent API")
    reporter.write_line(f"{'§':3}{'row':{width}}{''.join(f'{form:9}' for form in forms)}")
    for (section, text), results in sorted(found.items()):
        signs = "".join(f"{_SIGNS[results[form][0]] if form in results else '':9}" for form in forms)
        reporter.write_line(f"{section:3}{text:{width}}{signs}".rstrip())
    if skipped := sorted(set(_skipped(found))):
        reporter.write_line("Not checked:")
    for section, text, reason in skipped:
        reporter.write_line(f"{section:3}{text}: {reason}")


Row = tuple[str, str]
Result = tuple[str, str]


def _found(reporter: pytest.TerminalReporter) -> dict[Row, dict[str, Result]]:
    """For each row and form: how it came out, and why it was not checked where it was not."""
    found: defaultdict[Row, dict[str, Result]] = defaultdict(dict)
    for outcome in ("passed", "skipped", "failed", "error"):  # a row that several tests show is as good as the worst
        for report in reporter.stats.get(outcome, ()):
            reason = report.longrepr[2].removeprefix("Skipped: ") if outcome == "skipped" else ""
            for name, row in getattr(report, "user_properties", ()):
                if name == PROPERTY:
                    section, text, form = row
                    found[section, text][form] = (outcome, reason)
    return found


def _skipped(found: dict[Row, dict[str, Result]]) -> Iterator[tuple[str, str, str]]:
    for (section, text), results in found.items():
        for outcome, reason in results.values():
            if outcome == "skipped":
                yield section, text, reason
