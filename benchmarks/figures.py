"""What a measurement is asked for, percentiles, and the tables in docs/benchmarks.md."""

import argparse
import platform
import re
import statistics
from collections.abc import Iterable, Sequence

import psutil

from benchmarks.processes import ROOT

REPORT = ROOT / "docs/benchmarks.md"


def read_options(about: str | None, **defaults: float) -> argparse.Namespace:
    """Read the command line: an option for each of the defaults, which also says whether it is a whole number."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return parser.parse_args()


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else float("nan")


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def verdict(met: bool) -> str:
    return "met" if met else "**missed**"


def machine() -> str:
    """What the machine is, without its name: figures of one are no figures of another."""
    memory = round(psutil.virtual_memory().total / 2**30)
    load = psutil.getloadavg()[0]
    return f"{psutil.cpu_count()} cores, {memory} GiB, Python {platform.python_version()}, load {load:.1f} at the end"


def table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def report(name: str, text: str) -> None:
    """Print a measurement, and put it in the place of its last one in the document."""
    print(text)
    marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
    old = REPORT.read_text()
    measured = f"{marks[0]}\n{text}\n\nMeasured on {machine()}.\n{marks[1]}"
    pattern = re.escape(marks[0]) + ".*?" + re.escape(marks[1])
    REPORT.write_text(re.sub(pattern, lambda _: measured, old, flags=re.DOTALL))
