"""Events that are malformed, huge, repeated or absurd: kept, shown, and never the end of the link or of a page."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_app.agent_api.readers import read_event, read_started
from sessions_app.domain import ingest
from sessions_app.domain.group_commit import Write, commit
from sessions_app.enums import EventKind, TaskState
from sessions_app.models import Event
from tests.faults.invariants import rows_are_numbered_without_holes
from tests.upstream.service import KEY

BAD = [
    ("message", "no object"),
    ("message", {"type": "agent", "content": "nul \0 and half \ud800 a character"}),
    ("message", {"type": "action", "data": {"name": {"a": 1}}}),
    ("message", {"type": "task_completed", "taskId": ["x"], "usage": {"cost": 10**300}}),
    ("message", {"type": "novelty", "n": float("nan"), "big": 10**60, "half": "\udfff"}),
    ("instance:disconnected", {"gracePeriod": 1e300}),
    ("instance:reconnected", None),
    ("surprise", [[[[[["deep"]]]]]]),
    ("surprise", b"bytes"),
]


async def test_malformed_events_are_kept_and_shown_and_the_link_lives(floor, upstream):
    session, task, theirs = await floor.working()
    for name, body in BAD:
        await upstream.emit(theirs.session, name, body)
    deep: object = "bottom"
    for _ in range(400):
        deep = [deep]
    await upstream.emit(theirs.session, "surprise", deep)
    await upstream.finish(theirs, "Alive.")
    await floor.until(task, state=TaskState.COMPLETED, result="Alive.")
    kinds = [kind for kind, _ in await floor.rows(session)]
    assert kinds.count(EventKind.OTHER) >= 6
    assert EventKind.GAP not in kinds
    assert "nul � and half ? a character" in await floor.page(session)


async def test_an_event_of_5_mb_is_cut_with_a_note_everywhere_and_breaks_no_link(floor, upstream):
    session, task, theirs = await floor.working()
    huge = "x" * 5_000_000
    await upstream.say(theirs.session, huge)
    await upstream.act(theirs.session, "read", huge)
    await upstream.finish(theirs, huge, tell=True)
    await floor.until(task, state=TaskState.COMPLETED)
    theirs.text = task.result
    assert task.result.endswith("… cut here: 5,000,000 characters came.")
    assert len(await floor.page(session)) < 2_000_000
    assert EventKind.GAP not in [kind for kind, _ in await floor.rows(session)]


async def test_a_task_id_is_bound_and_hidden_by_whichever_event_names_it_first(floor, upstream):
    """The answer that would name it is still held."""
    session, task, theirs = await floor.working()
    await upstream.emit(theirs.session, "task:update", {"task": {"task_id": theirs.id, "note": f"{theirs.id} began"}})
    await floor.until_row(session, EventKind.OTHER)
    await floor.until(task, upstream_id=theirs.id)
    await upstream.emit(
        theirs.session, "message", {"type": "error", "error": f"{theirs.id} is slow", "code": theirs.id}
    )
    await floor.until_row(session, EventKind.ERROR, "••• is slow")
    assert theirs.id not in await floor.page(session)
    assert not (await session.commands.aget(kind="new_task")).settled_at
    await upstream.finish(theirs, f"{theirs.id} is done.", tell=False)
    theirs.text = "••• is done."
    await floor.until(task, state=TaskState.COMPLETED, result=theirs.text)


async def test_an_event_that_may_mean_several_tasks_binds_none(floor, upstream):
    session, task, theirs = await floor.working()
    await upstream.emit(
        theirs.session, "message", {"type": "queue", "tasks": [{"taskId": "first-of-two"}, {"taskId": "second-of-two"}]}
    )
    await floor.until_row(session, EventKind.OTHER)
    await task.arefresh_from_db()
    assert task.upstream_id == ""
    assert "first-of-two" not in await floor.page(session)


async def test_the_answer_to_a_task_knows_its_id_better_than_an_event_did(floor, upstream):
    _, task, theirs = await floor.working()
    await upstream.emit(theirs.session, "message", {"type": "step_started", "taskId": "step-1-of-it"})
    await floor.until(task, upstream_id="step-1-of-it")
    await floor.until(task, upstream_id=theirs.id)
    await upstream.finish(theirs, "Done.")
    await floor.until(task, state=TaskState.COMPLETED, result="Done.")


async def test_a_word_in_the_place_of_an_id_is_not_blanked_everywhere(floor, upstream):
    session, _, theirs = await floor.working()
    await upstream.emit(theirs.session, "message", {"type": "novelty", "taskId": "undefined"})
    await upstream.say(theirs.session, "The total is undefined.")
    await floor.until_row(session, EventKind.REASONING, "The total is undefined.")


HUGE = "y" * 5_000_000


@pytest.mark.parametrize(
    ("kind", "name", "body"),
    [
        (EventKind.RESPONSE, "message", {"type": "response_update", "data": {"message": HUGE}}),
        (EventKind.QUESTION, "message", {"type": "guardrail_trigger", "data": {"type": HUGE, "value": HUGE}}),
        (EventKind.ERROR, "message", {"type": "error", "error": HUGE, "code": HUGE}),
        (EventKind.OTHER, "message", {"type": "novelty", HUGE: [HUGE]}),
        (EventKind.OTHER, "message", HUGE),
        (EventKind.END, "end_session", {"reason": HUGE}),
    ],
)
async def test_5_mb_of_any_kind_are_kept_small(floor, upstream, kind, name, body):
    session, _, theirs = await floor.working()
    await upstream.emit(theirs.session, name, body)
    await floor.until_row(session, kind)
    event = await Event.objects.aget(session=session, kind=kind)
    kept, shown = len(event.text) + len(json.dumps(event.detail)), len(await floor.page(session))
    assert kept <= 150_000
    assert shown < 1_000_000
    assert EventKind.GAP not in [kind for kind, _ in await floor.rows(session)]


async def test_ids_and_addresses_in_unknown_events_are_blanked_and_the_rest_is_kept(floor, upstream):
    upstream.started = {
        "streaming": {"webRTCURL": "https://10.0.0.7:8889/whep", "webViewURL": "https://10.0.0.7:8889/"}
    }
    session, task, theirs = await floor.working()
    await floor.until(task, upstream_id=theirs.id)
    await upstream.emit(theirs.session, f"about {theirs.session}", f"see {upstream.url}/view/ with {KEY}")
    await upstream.emit(
        theirs.session,
        "message",
        {
            "type": "moved",
            "to": ["the instance at 10.0.0.7:8889", {theirs.session: theirs.id}],
            "new": {"sessionId": "another-1", "webRTCURL": "https://10.0.0.8/whep", "pollUrl": None, "taskId": 77},
            "page": "https://shop.test/cart",
        },
    )
    await floor.until_row(session, EventKind.OTHER)
    await upstream.finish(theirs, "Done.")
    await floor.until(task, state=TaskState.COMPLETED)

    first, second = [event async for event in Event.objects.filter(session=session, kind=EventKind.OTHER)]
    assert first.text == "A message of a kind not known here (about •••), kept as it came."
    assert first.detail["raw"] == "see ••• with •••"
    assert second.detail["raw"] == {
        "type": "moved",
        "to": ["the instance at •••", {"•••": "•••"}],
        "new": {"sessionId": "•••", "webRTCURL": "•••", "pollUrl": None, "taskId": "•••"},
        "page": "•••",
    }


async def test_repeated_and_unnamed_results_are_recorded_once(floor, upstream):
    session, task, theirs = await floor.working("First.")
    await upstream.finish(theirs, "One.", cost="0.5")
    for _ in range(3):
        await upstream.emit(theirs.session, "message", upstream.forms.event(theirs))
    unnamed = {name: value for name, value in upstream.forms.event(theirs).items() if name != "taskId"}
    await floor.until(task, state=TaskState.COMPLETED, result="One.")
    await upstream.emit(theirs.session, "message", unnamed)
    await floor.until_row(session, EventKind.OTHER, "A result came again.")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["type", "content", "data", "name", "target", "message", "taskId", "usage", "cost", "value"])
KINDS = st.sampled_from(["agent", "action", "response_update", "task_completed", "guardrail_trigger", "error"])
bodies = (
    st.builds(lambda kind, rest: {**rest, "type": kind}, KINDS, st.dictionaries(KEYS, json_like, max_size=6))
    | json_like
)
NAMES = st.sampled_from(["message", "instance:disconnected", "instance:reconnected", "surprise"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.tuples(NAMES, bodies), min_size=1, max_size=8))
def test_no_event_whatsoever_breaks_the_log(make_session, make_task, client_for, operator, events):
    session = make_session()
    task = make_task(session, upstream_id="t1")
    for name, body in events:
        event = read_event(name, body)
        (error,) = commit([Write(session.pk, 0, lambda log, event=event: ingest.apply_event(log, event))])
        assert error is None, (name, body)
    session.refresh_from_db()
    task.refresh_from_db()
    rows_are_numbered_without_holes(session)
    assert client_for(operator).get(f"/sessions/{session.pk}/").status_code == 200


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["sessionId", "socketURL", "streaming", "expiresIn", "balance"]), json_like))
def test_no_answer_to_a_start_breaks_its_reader(body):
    started = read_started(body)
    assert started is None or started.session_id
