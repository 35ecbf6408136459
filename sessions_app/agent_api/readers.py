"""Every form of contract.md is read here and nowhere else.

The readers never raise on a shape they do not know: what is missing or malformed becomes None, and an event that
makes no sense is kept as `Unrecognised`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sessions_app.agent_api.raw import clean, without_secrets
from sessions_app.agent_api.types import (
    Action,
    Address,
    InstanceBack,
    InstanceLost,
    Outcome,
    Question,
    Reasoning,
    ReportedFile,
    Response,
    SessionEnded,
    Started,
    TaskAnswer,
    TaskEnded,
    TaskReport,
    Unrecognised,
    UpstreamEvent,
    Usage,
)
from sessions_app.agent_api.values import (
    address_of,
    bare_address,
    first,
    id_of,
    is_web_address,
    mapping,
    moment,
    money,
    number_of,
    side,
    text,
    wait,
    whole,
    word,
)

#: Files that are read of one result.
_MOST_FILES = 100
_TASK_ID = frozenset({"taskid", "task_id"})
#: What may stand in the place of an id and is none, such as "undefined" or 1: to hide it would blank whole sentences.
_PLAIN = re.compile(r"[A-Z]?[a-z]{0,15}|[A-Z]{1,15}|\d{1,5}")


def read_usage(*sources: object) -> Usage:
    """Collect the figures from wherever a form puts them: `usage`, `data`, or `data.usage`."""
    places = [mapping(source) for source in sources]
    places += [mapping(place.get("usage")) for place in places]
    said = (
        first(places, "inputTokens", "prompt_tokens"),
        first(places, "outputTokens", "completion_tokens"),
        first(places, "computeTime", "completion_time"),
        first(places, "cost"),
    )
    read = (whole(said[0]), whole(said[1]), number_of(said[2]), money(said[3]))
    is_garbled = any(told is not None and figure is None for told, figure in zip(said, read, strict=True)) or any(
        place.get("usage") is not None and not isinstance(place["usage"], dict) for place in places
    )
    return Usage(*read, is_garbled=is_garbled)


def read_started(body: Mapping[str, Any]) -> Started | None:
    """None where the answer names no session: then nobody can say what was started."""
    session_id = text(body.get("sessionId"))
    if not session_id:
        return None
    streaming = mapping(body.get("streaming"))
    dimensions = mapping(streaming.get("dimensions"))
    return Started(
        session_id=session_id,
        socket_url=address_of(body.get("socketURL")),
        webrtc_url=address_of(streaming.get("webRTCURL")),
        web_view_url=address_of(streaming.get("webViewURL")),
        width=side(dimensions.get("width"), 1024),
        height=side(dimensions.get("height"), 600),
        expires_in=wait(body.get("expiresIn")),
    )


def read_report(body: Mapping[str, Any]) -> TaskReport | None:
    """Read a task's report in any of its forms; None where the body is no report at all."""
    data, usage = mapping(body.get("data")), read_usage(body, body.get("data"))
    kind, status = text(body.get("type")), text(body.get("status")).lower()
    said = text(first((data,), "message", "value") or first((body,), "message"))
    if kind == "guardrail_trigger":
        return TaskReport(Outcome.WAITING, text(first((data,), "value", "message")), word(data.get("type")), usage)
    if kind == "task_completed" or status in {"complete", "completed"}:
        return TaskReport(Outcome.COMPLETED, said, usage=usage, files=_read_files(data.get("files")))
    if status == "stopped":
        return TaskReport(Outcome.STOPPED, said, usage=usage)
    if status in {"terminated", "expired"}:
        return TaskReport(Outcome.TERMINATED, said, usage=usage)
    if status in {"failed", "error"} or kind == "error" or "error" in body or body.get("success") is False:
        return TaskReport(Outcome.FAILED, text(body.get("error")) or said, word(body.get("code")), usage)
    if body.get("pending") or status in {"active", "running", "pending", "paused", "queued"}:
        return TaskReport(Outcome.ACTIVE, usage=usage)
    return None


def _read_files(value: object) -> tuple[ReportedFile, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(_read_file(item) for item in map(mapping, listed[:_MOST_FILES]) if item)


def _read_file(item: Mapping[str, Any]) -> ReportedFile:
    address = text(item.get("downloadUrl")).strip()
    return ReportedFile(
        name=text(item.get("filename")),
        source=text(item.get("source")),
        address=address if is_web_address(address) else "",
        at=moment(item.get("timestamp")),
    )


def read_task_answer(body: Mapping[str, Any]) -> TaskAnswer | None:
    """Read the answer to a new task: the result under `result` (or at the top), or still running."""
    task_id, result = id_of(body.get("taskId")), body.get("result")
    if isinstance(result, dict) and result:
        report = read_report({"usage": body.get("usage"), **result})
    elif isinstance(result, str) and result:
        report = TaskReport(Outcome.COMPLETED, result, usage=read_usage(body))
    else:
        report = read_report(body)
    if report and report.outcome is Outcome.ACTIVE:
        report = None
    # Without an id it still is the answer to this task: what it says of it is believed.
    return TaskAnswer(task_id, report) if task_id or report else None


def read_event(name: str, payload: object) -> UpstreamEvent:
    """Read one Socket.IO event."""
    payload = clean(payload)
    task_ids = tuple(dict.fromkeys(_task_ids(payload)))
    event = _read_event(name, payload, task_ids)
    return replace(event, task_ids=task_ids) if task_ids else event


def _task_ids(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _task_ids(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.lower() in _TASK_ID and not _PLAIN.fullmatch(id_of(item)):
                yield id_of(item)
            else:
                yield from _task_ids(item)


def _read_event(name: str, payload: object, task_ids: tuple[str, ...]) -> UpstreamEvent:
    body = mapping(payload)
    if name == "end_session":
        return SessionEnded(word(body.get("reason")) or word(payload))
    if name == "instance:disconnected":
        return InstanceLost(wait(body.get("gracePeriod")))
    if name == "instance:reconnected":
        return InstanceBack()
    if name == "page:address" and (url := bare_address(text(body.get("url")))):
        return Address(url)
    message = _read_message(body, task_ids) if name == "message" else None
    return message or Unrecognised(name, without_secrets(payload))


def _read_message(body: Mapping[str, Any], task_ids: tuple[str, ...]) -> UpstreamEvent | None:
    data = mapping(body.get("data"))
    match text(body.get("type")):
        case "agent" if said := text(first((body, data), "content", "message")):
            return Reasoning(said)
        case "action" if named := text(first((data, body), "name")):
            return Action(named, text(first((data, body), "target")))
        case "response_update" if said := text(first((data, body), "message")):
            return Response(said)
        case "guardrail_trigger":
            return Question(text(first((data,), "value", "message")), word(data.get("type")))
        case "task_completed" | "error":
            report = read_report(body)
            named = id_of(body.get("taskId")) or (task_ids[0] if len(task_ids) == 1 else "")
            return TaskEnded(report, named) if report else None
    return None
