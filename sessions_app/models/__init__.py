"""The nouns, one file each; no input or output beyond the database."""

from sessions_app.models.claim import Claim
from sessions_app.models.command import Command
from sessions_app.models.connection import ApiCall, Connection
from sessions_app.models.control import Control
from sessions_app.models.event import Event
from sessions_app.models.expired_question import ExpiredQuestion
from sessions_app.models.guard import Caps, StartHold
from sessions_app.models.note import SessionNote, ShiftNote
from sessions_app.models.result_file import ResultFile
from sessions_app.models.saved_filter import SavedFilter
from sessions_app.models.session import AgentSession
from sessions_app.models.spend import SpendEntry
from sessions_app.models.task import Task
from sessions_app.models.team import Membership, Team
from sessions_app.models.viewing import Viewing
from sessions_app.models.workflow import Workflow, WorkflowStep

__all__ = [
    "AgentSession",
    "ApiCall",
    "Caps",
    "Claim",
    "Command",
    "Connection",
    "Control",
    "Event",
    "ExpiredQuestion",
    "Membership",
    "ResultFile",
    "SavedFilter",
    "SessionNote",
    "ShiftNote",
    "SpendEntry",
    "StartHold",
    "Task",
    "Team",
    "Viewing",
    "Workflow",
    "WorkflowStep",
]
