"""Many sessions' verbs in one transaction: group commit is as fast as its statements are few."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import DateTimeField, JSONField
from django.utils import timezone

from sessions_app.domain.log import LeaseLost, SessionLog, tasks_in_hand
from sessions_app.models import AgentSession, Event, Task

#: A session's id, and the epoch of the lease it is written under.
Key = tuple[str, int]

#: Sessions as their last talk left them, with the task in hand. Whatever talk reads of a session is written by its
#: relay alone, under its lease: while the relay writes nothing else, and keeps the lease, there is nothing new to read.
Known = dict[Key, tuple[AgentSession, Task | None]]

_RAISE = (
    f"UPDATE {AgentSession._meta.db_table} SET last_seq = %s, steps = %s, last_step = %s "  # noqa: S608 # our own table
    "WHERE id = %s AND lease_epoch = %s"
)

_FIELDS = tuple(field for field in Event._meta.concrete_fields if not field.primary_key)
#: Fields whose values a database takes in another form, by their places; the rest need not be looked at.
_CONVERTED = tuple((at, field) for at, field in enumerate(_FIELDS) if isinstance(field, DateTimeField | JSONField))
_values_of = attrgetter(*(field.attname for field in _FIELDS))
_ADD = (
    f"INSERT INTO {Event._meta.db_table} ({', '.join(str(field.column) for field in _FIELDS)}) "  # noqa: S608 # our own table
    f"VALUES ({', '.join(['%s'] * len(_FIELDS))})"
)


@dataclass(frozen=True)
class Write:
    """One verb to be carried out on one session's log, under the lease of this epoch.

    `is_talk` where it records what the agent says as it goes, which reads of the session only what its relay wrote.
    """

    session_id: str
    epoch: int
    verb: Callable[[SessionLog], Any]
    is_talk: bool = False

    @property
    def key(self) -> Key:
        return self.session_id, self.epoch


def commit(writes: Sequence[Write], known: Known | None = None) -> list[Any]:
    """Carry out many sessions' verbs in one transaction, each session's in order; the answers, or the errors.

    A verb that fails takes back its own write alone: neither other sessions' nor its own session's others.
    What talk need not read again is kept in `known` from one call to the next.
    """
    known = {} if known is None else known
    try:
        with transaction.atomic():
            answers, known_now = _commit_together(writes, known)
    except (OperationalError, InterfaceError):
        known.clear()
        raise  # the database's fault: nothing was written, and all of it is to be tried again
    except Exception:
        known.clear()
        # Some verb failed, which is rare: do it again so that the failure stays with its own write.
        with transaction.atomic():
            return [_commit_alone(write) for write in writes]
    for write in writes:
        known.pop(write.key, None)
    known |= known_now
    return answers


def _commit_together(writes: Sequence[Write], known: Known) -> tuple[list[Any], Known]:
    logs = _open(writes, known)
    answers = [write.verb(log) if (log := logs.get(write.key)) else LeaseLost() for write in writes]
    talk = {key: log for key, log in logs.items() if log.is_talk}
    _save_talk(talk)
    for key, log in logs.items():
        if key not in talk:
            log.save_session()
    _add_events([event for log in logs.values() for event in log.events])
    return answers, {key: (log.session, log.in_hand()) for key, log in talk.items()}


def _commit_alone(write: Write) -> Any:
    try:
        with transaction.atomic():
            (answer,), _ = _commit_together([write], {})
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        return error
    return answer


def _open(writes: Sequence[Write], known: Known) -> dict[Key, SessionLog]:
    """The sessions to be written, locked where they had to be read; one that is known to be another's is left out."""
    now = timezone.now()
    unread = {write.key for write in writes if not write.is_talk or write.key not in known}
    found = _read(unread) if unread else {}
    found |= {write.key: known[write.key] for write in writes if write.key not in unread}
    return {key: SessionLog(session, at=now, in_hand=in_hand) for key, (session, in_hand) in found.items()}


def _read(keys: Set[Key]) -> Known:
    """Read and lock these sessions, where their lease is still the one that is written under."""
    names = {session_id for session_id, _ in keys}
    # Secrets are left unread, since deciphering them would cost more than all the rest; verbs may still set them.
    locked = AgentSession.objects.select_for_update().defer(*AgentSession.SECRET).filter(pk__in=names).order_by("pk")
    in_hand = tasks_in_hand(names)
    return {
        (row.pk, row.lease_epoch): (row, in_hand.get(row.pk)) for row in locked if (row.pk, row.lease_epoch) in keys
    }


def _save_talk(logs: Mapping[Key, SessionLog]) -> None:
    """Raise what talk raises of its sessions, all in one statement. Raises LeaseLost where one of them is another's."""
    if not logs:
        return
    raised = [(log.last_seq, log.session.steps, log.session.last_step, *key) for key, log in sorted(logs.items())]
    with connection.cursor() as cursor:
        cursor.executemany(_RAISE, raised)
        if cursor.rowcount != len(raised):
            raise LeaseLost
    for log in logs.values():
        log.session.last_seq = log.last_seq
        log.publish(tuple(log.events))


def _add_events(events: Sequence[Event]) -> None:
    """Insert rows whose keys nobody asks for: `bulk_create` spends several times as long on the same statement."""
    if not events:
        return
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, [_prepared(event) for event in events])


def _prepared(event: Event) -> list[Any]:
    values = list(_values_of(event))
    for at, field in _CONVERTED:
        values[at] = field.get_db_prep_save(values[at], connection)
    return values
