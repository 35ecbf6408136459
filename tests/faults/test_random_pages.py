"""Old page + events = fresh page, over any sequence of events, however they are cut into batches."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.group_commit import Write, commit
from sessions_app.enums import EventKind
from tests.helpers.page import LivePage
from tests.sessions_app.live.test_live_equals_reload import HAPPENINGS, push

#: What the guard does follows on a state of its own making, and has its own case.
KINDS = sorted(set(HAPPENINGS) - {EventKind.GUARD})
steps = st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), min_size=1, max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_old_page_and_events_give_the_fresh_page(
    transactional_db, make_session, make_task, make_event, client_for, operator, sequence
):
    session = make_session()
    make_task(session, upstream_id="task-1")
    make_event(session)
    client = client_for(operator)
    page = LivePage(client, session)
    for kind, is_pushed in sequence:
        try_to_record(session, HAPPENINGS[kind])
        if is_pushed:
            push(session, page)
    push(session, page)
    assert page.shown() == LivePage(client, session).shown()


def try_to_record(session, happening) -> None:
    """A command that the state does not allow is no happening; anything else that fails is a fault."""
    (error,) = commit([Write(session.pk, session.lease_epoch, happening)])
    assert error is None or isinstance(error, NotAllowed), error
