"""What holds whatever breaks: checked against the upstream's own ledger."""

import json
from collections import Counter
from decimal import Decimal
from urllib.parse import urlsplit

from django.db.models import Sum

from sessions_app.enums import EventKind, TaskState
from sessions_app.live.fragments import session_change
from sessions_app.models import AgentSession, Command
from tests.upstream import Upstream
from tests.upstream.service import KEY


def check(session: AgentSession, upstream: Upstream, client) -> None:
    session.refresh_from_db()
    nothing_is_sent_twice(upstream)
    for task in session.tasks.all():
        the_result_is_recorded_once_or_called_unknown(task, upstream)
        spend_is_the_last_believed_figure(task, upstream)
    rows_are_numbered_without_holes(session)
    for command in session.commands.all():
        it_is_settled_or_open_in_sight(session, command)
    nothing_upstream_is_shown(session, client)


def nothing_is_sent_twice(upstream: Upstream) -> None:
    """Each prompt of a test is its own, so the same one twice is a task done twice."""
    sent = Counter((task.session, task.prompt) for task in upstream.ledger.tasks.values())
    assert not {prompt for prompt, times in sent.items() if times > 1}


def the_result_is_recorded_once_or_called_unknown(task, upstream: Upstream) -> None:
    theirs = [one for one in upstream.ledger.tasks.values() if one.prompt == task.prompt]
    results = task.events.filter(kind=EventKind.RESULT).count()
    assert results == (task.state == TaskState.COMPLETED), task.state
    if any(one.status == "completed" for one in theirs) and not task.is_open:
        assert task.state in {TaskState.COMPLETED, TaskState.UNKNOWN}, (task.state, task.error)
        if task.state == TaskState.COMPLETED:
            assert task.result == theirs[0].text


def spend_is_the_last_believed_figure(task, upstream: Upstream) -> None:
    entries = list(task.spend.order_by("id"))
    total = task.spend.aggregate(total=Sum("delta"))["total"] or Decimal(0)
    assert total == (entries[-1].cumulative if entries else 0)
    charged = [one.cost for one in upstream.ledger.tasks.values() if one.prompt == task.prompt]
    if charged and task.state == TaskState.COMPLETED:
        assert total >= charged[0]


def rows_are_numbered_without_holes(session: AgentSession) -> None:
    seqs = list(session.events.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, session.last_seq + 1))


def it_is_settled_or_open_in_sight(session: AgentSession, command: Command) -> None:
    if command.is_open:
        assert session.is_live, f"{command} is open in a session that has ended"
    elif command.state in {"refused", "unknown"}:
        assert command.outcome, f"{command} without a reason"


def nothing_upstream_is_shown(session: AgentSession, client) -> None:
    urls = {session.socket_url, session.webrtc_url, session.web_view_url, session.connection.base_url} - {""}
    names = {session.upstream_id, *urls, *(urlsplit(url).netloc for url in urls), KEY}
    names |= set(session.tasks.values_list("upstream_id", flat=True))
    written = [json.dumps(list(session.events.values("text", "detail")))]
    written += [json.dumps(list(session.commands.values("outcome")))]
    written += [json.dumps(list(session.tasks.values("result", "error", "question")))]
    written += [session.end_text, session.last_step, session.alarm]
    written += [client.get(f"/sessions/{session.pk}/").content.decode(), client.get("/").content.decode()]
    change = session_change(session.pk, 0)
    written += [row.html for row in change.rows] + list(change.parts.values())
    for name in names - {""}:
        for text in written:
            assert name not in text, f"{name} in {text[max(0, text.find(name) - 100) :][:200]}"
