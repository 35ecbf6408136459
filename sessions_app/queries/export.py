"""A session as a whole, for who takes it elsewhere: plain data, and of that nothing a browser may not see.

Fields are named one by one, so that a column added to a table leaves the program only where somebody decided so.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sessions_app.enums import EventKind
from sessions_app.models import AgentSession, Command, Event, SessionNote, SpendEntry, Task
from sessions_app.queries.screen import SessionScreen, TaskLine, session_screen

Json = dict[str, Any]

#: Of a row's detail: what the timeline shows too, or would if it had the room.
_DETAIL = (
    "name",
    "target",
    "step",
    "type",
    "code",
    "reason",
    "raw",
    "input_tokens",
    "output_tokens",
    "seconds",
    "grace_seconds",
    "cost",
    "until",
)


def session_export(session_id: str) -> Json:
    """Everything that is known of a session, ready to be written as JSON; raises AgentSession.DoesNotExist."""
    screen = session_screen(session_id)
    session = screen.session
    spend = SpendEntry.objects.filter(session=session).select_related("task", "actor").order_by("id")
    rows = Event.objects.filter(session=session, seq__lte=session.last_seq).select_related("actor", "task", "command")
    return {
        "session": _session(screen),
        "tasks": [_task(line) for line in screen.tasks],
        "commands": [_command(command) for command in reversed(screen.people)],
        "notes": [_note(note) for note in screen.notes],
        "spend": [_spend(entry) for entry in spend],
        "timeline": [_row(event) for event in rows.order_by("seq").iterator(chunk_size=2000)],
    }


def _session(screen: SessionScreen) -> Json:
    session = screen.session
    return {
        "id": session.pk,
        "title": session.title,
        "state": screen.word.value,
        "ending": _ending(session),
        "owner": str(session.owner),
        "team": session.team.name,
        "connection": session.connection.name,
        "created_at": _moment(session.created_at),
        "started_at": _moment(session.started_at),
        "ended_at": _moment(session.ended_at),
        "starting_url": session.starting_url,
        **_limits(session),
        "caps": {name: _figure(getattr(session.caps, name)) for name in session.caps.names()},
        "steps": session.steps,
        "cost_usd": str(screen.figures.cost),
        "input_tokens": screen.figures.input_tokens,
        "output_tokens": screen.figures.output_tokens,
    }


def _ending(session: AgentSession) -> str:
    return "" if session.is_live else session.end_text or session.ending


def _limits(row: AgentSession | Task) -> Json:
    return {
        "max_duration_ms": row.max_duration_ms,
        "max_input_tokens": row.max_input_tokens,
        "max_output_tokens": row.max_output_tokens,
        "avoid_domains": row.avoid_domains,
    }


def _task(line: TaskLine) -> Json:
    task = line.task
    return {
        "number": task.number,
        "prompt": task.prompt,
        "state": task.state,
        "by": str(task.actor),
        "starting_url": task.starting_url,
        **_limits(task),
        "terminate_on_completion": task.terminate_on_completion,
        "question": task.question,
        "result": task.result,
        "error": task.error,
        "files": [{"name": file.name, "source": file.source, "made_at": _moment(file.made_at)} for file in line.files],
        "cost_usd": _figure(line.cost),
        "input_tokens": task.input_tokens,
        "output_tokens": task.output_tokens,
        "compute_seconds": task.compute_seconds,
        "created_at": _moment(task.created_at),
        "sent_at": _moment(task.sent_at),
        "ended_at": _moment(task.ended_at),
    }


def _command(command: Command) -> Json:
    return {
        "kind": command.kind,
        "by": command.actor_name,
        "task": command.task.number if command.task else None,
        "text_length": command.text_length,
        "why": command.guard_words,
        "state": command.state,
        "outcome": command.outcome,
        "asked_at": _moment(command.created_at),
        "sent_at": _moment(command.sent_at),
        "settled_at": _moment(command.settled_at),
    }


def _note(note: SessionNote) -> Json:
    return {
        "by": str(note.author),
        "text": note.text,
        "written_at": _moment(note.created_at),
        "edited_at": _moment(note.edited_at),
    }


def _spend(entry: SpendEntry) -> Json:
    return {
        "task": entry.task.number,
        "by": str(entry.actor),
        "rise_usd": str(entry.delta),
        "total_of_task_usd": str(entry.cumulative),
        "source": entry.source,
        "at": _moment(entry.at),
    }


def _row(event: Event) -> Json:
    return {
        "seq": event.seq,
        "at": _moment(event.at),
        "kind": event.kind,
        "label": EventKind(event.kind).label,
        "task": event.task.number if event.task else None,
        "by": _author(event),
        "text": event.text,
        "detail": _detail(event.detail),
    }


def _author(event: Event) -> str | None:
    """Who asked for what the row tells, as the timeline names them."""
    if event.actor:
        return str(event.actor)
    return "Guard" if event.kind in {EventKind.COMMAND, EventKind.GUARD} else None


def _detail(detail: Mapping[str, Any]) -> Json:
    known = {name: detail[name] for name in _DETAIL if detail.get(name) is not None}
    files = [file["name"] for file in detail.get("files") or ()]
    return {**known, "files": files} if files else known


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _figure(figure: Decimal | int | None) -> str | int | None:
    return str(figure) if isinstance(figure, Decimal) else figure
