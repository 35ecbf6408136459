"""A session's export as Markdown, for people: what agents and pages wrote stays text, whatever signs are in it."""

import re
from collections.abc import Iterator
from typing import Any

from sessions_app.queries.export import Json

_SIGNS = re.compile(r"([\\`*_\[\]<>#|~!&])")
#: Between a row's moment and its text.
_NOTHING = "–"


def as_markdown(export: Json) -> str:
    parts = (_head, _tasks, _commands, _notes, _spend, _timeline)
    return "\n".join(line for part in parts for line in part(export)) + "\n"


def _head(export: Json) -> Iterator[str]:
    session = export["session"]
    caps = ", ".join(f"{name} {figure}" for name, figure in session["caps"].items() if figure is not None)
    yield f"# {_line(session['title'])}"
    yield ""
    yield from _pairs(
        {
            "Session": session["id"],
            "State": f"{session['state']}. {session['ending']}".strip(". ") + ".",
            "Owner": f"{session['owner']} ({session['team']})",
            "Connection": session["connection"],
            "Created": _when(session["created_at"]),
            "Started": _when(session["started_at"]),
            "Ended": _when(session["ended_at"]),
            "Starting URL": session["starting_url"],
            "Limits": _limits(session),
            "Caps": caps,
            "Steps": session["steps"],
            "Cost": f"{session['cost_usd']} USD",
        }
    )


def _tasks(export: Json) -> Iterator[str]:
    yield from ("", "## Tasks")
    for task in export["tasks"]:
        yield from ("", f"### Task {task['number']}: {task['state']}", "")
        yield from _quote(task["prompt"])
        yield ""
        cost = f"{task['cost_usd']} USD" if task["cost_usd"] else ""
        yield from _pairs(
            {
                "Given by": f"{task['by']}, {_when(task['created_at'])}",
                "Ended": _when(task["ended_at"]),
                "Starting URL": task["starting_url"],
                "Limits": _limits(task),
                "Ends the session": "yes" if task["terminate_on_completion"] else "",
                "Cost": cost,
                "Tokens": _tokens(task),
                "Files": ", ".join(file["name"] for file in task["files"]),
            }
        )
        for name in ("question", "result", "error"):
            if task[name]:
                yield from ("", f"{name.capitalize()}:", "")
                yield from _fenced(task[name])


def _commands(export: Json) -> Iterator[str]:
    yield from ("", "## Who did what", "")
    for one in export["commands"]:
        of = f" (task {one['task']})" if one["task"] else ""
        length = f", {one['text_length']} characters" if one["text_length"] is not None else ""
        why = f": {one['why']}" if one["why"] else ""
        outcome = f": {one['outcome']}" if one["outcome"] else ""
        asked = _line(f"{one['by']}, {one['kind']}{of}{length}{why}")
        yield f"- {_when(one['asked_at'])} {asked} → {_line(one['state'] + outcome)}"


def _notes(export: Json) -> Iterator[str]:
    if export["notes"]:
        yield from ("", "## Notes")
    for note in export["notes"]:
        yield from ("", f"{_line(note['by'])}, {_when(note['written_at'])}:", "")
        yield from _quote(note["text"])


def _spend(export: Json) -> Iterator[str]:
    if not export["spend"]:
        return
    yield from ("", "## Spend", "", "| At | Task | By | Rise, USD | Of the task, USD |", "|---|---|---|---|---|")
    for entry in export["spend"]:
        cells = (entry["task"], _line(entry["by"]), entry["rise_usd"], entry["total_of_task_usd"])
        yield f"| {_when(entry['at'])} | {' | '.join(map(str, cells))} |"


def _timeline(export: Json) -> Iterator[str]:
    yield from ("", "## Timeline", "")
    for row in export["timeline"]:
        by = f"{_line(row['by'])}: " if row["by"] else ""
        first, *more = row["text"].splitlines() or [_NOTHING]
        yield f"{row['seq']}. {_when(row['at'])} **{row['label']}** {by}{_line(first)}"
        yield from (f"   {_line(line)}" for line in more if line.strip())
        if figures := _figures(row["detail"]):
            yield f"   ({_line(figures)})"


def _figures(detail: Json) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items() if name not in {"raw", "name", "target"})


def _pairs(pairs: Json) -> Iterator[str]:
    for name, value in pairs.items():
        if value not in ("", None):
            yield f"- {name}: {_line(str(value))}"


def _limits(row: Json) -> str:
    words = {"max_duration_ms": "ms", "max_input_tokens": "tokens in", "max_output_tokens": "tokens out"}
    limits = [f"{row[name]} {unit}" for name, unit in words.items() if row[name]]
    avoided = [f"avoids {', '.join(row['avoid_domains'])}"] if row["avoid_domains"] else []
    return ", ".join(limits + avoided)


def _tokens(task: Json) -> str:
    known = {"in": task["input_tokens"], "out": task["output_tokens"]}
    return ", ".join(f"{figure} {way}" for way, figure in known.items() if figure is not None)


def _quote(text: str) -> Iterator[str]:
    return (f"> {_line(line)}".rstrip() for line in text.splitlines())


def _fenced(text: str) -> Iterator[str]:
    """A block that nothing in the text can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}text", *text.splitlines(), fence)


def _line(text: Any) -> str:
    return _SIGNS.sub(r"\\\1", " ".join(str(text).split()))


def _when(moment: str | None) -> str:
    return f"{moment[:19].replace('T', ' ')} UTC" if moment else ""
