"""Builds the events that go over the socket; a task's result has two forms, built in `api/forms.py`."""

from dataclasses import dataclass
from typing import Any

from agent_service.sessions.tasks import Failure, Question

Body = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One Socket.IO event; everything that an agent does is a `message`."""

    body: Body
    name: str = "message"


def agent(content: str) -> Event:
    """The agent says what it is about to do."""
    return Event({"type": "agent", "content": content})


def action(name: str, target: str | None) -> Event:
    """The agent acts."""
    data = {"name": name} if target is None else {"name": name, "target": target}
    return Event({"type": "action", "data": data})


def response_update(message: str) -> Event:
    """The agent has its result."""
    return Event({"type": "response_update", "data": {"message": message}})


def guardrail_trigger(question: Question) -> Event:
    """The agent cannot go on without a person."""
    return Event({"type": "guardrail_trigger", "data": guardrail(question)})


def error(failure: Failure) -> Event:
    """Something failed."""
    return Event({"type": "error", "error": failure.message, "code": failure.code})


def end_session(reason: str) -> Event:
    """The last event of a session."""
    return Event({"reason": reason}, name="end_session")


def disconnected(grace_milliseconds: int) -> Event:
    """The browser is gone; the service has this long to replace it."""
    return Event({"gracePeriod": grace_milliseconds}, name="instance:disconnected")


def reconnected() -> Event:
    """A new browser stands in for the lost one."""
    return Event({}, name="instance:reconnected")


def address(url: str) -> Event:
    """The page's address while a person has taken it over: our extension of the API, since clients cannot know it."""
    return Event({"url": url}, name="page:address")


def guardrail(question: Question) -> Body:
    """A question, as events and answers carry it; the hosted API has one type only, so `kind` is a field of its own."""
    return {"type": "human_input_needed", "kind": question.kind, "value": question.text}
