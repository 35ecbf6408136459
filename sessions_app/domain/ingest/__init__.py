"""What the service says becomes timeline rows, task states, results and spend: each fact once, however it comes."""

from sessions_app.domain.ingest.ending import close_session
from sessions_app.domain.ingest.events import apply_event, keep_raw
from sessions_app.domain.ingest.reports import apply_report, bind_task
from sessions_app.domain.ingest.words import AT_WORK_AGAIN, PAUSE_ALARM, RELEASE_ALARM, STOP_ALARM

__all__ = [
    "AT_WORK_AGAIN",
    "PAUSE_ALARM",
    "RELEASE_ALARM",
    "STOP_ALARM",
    "apply_event",
    "apply_report",
    "bind_task",
    "close_session",
    "keep_raw",
]
