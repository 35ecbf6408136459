"""Files that came with a result: noted once, however often they are reported, and fetched for who may see them."""

import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, urlsplit

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from sessions_app.agent_api.types import ReportedFile
from sessions_app.domain.access import visible_sessions
from sessions_app.domain.log import SessionLog
from sessions_app.models import ResultFile, Task

_LONGEST_NAME = 150


def record_files(log: SessionLog, task: Task | None, reported: Sequence[ReportedFile]) -> list[ResultFile]:
    """Note files; the answer is those that were not known yet. A known one gets its newest address."""
    fresh = []
    for one in reported:
        file, is_new = ResultFile.objects.get_or_create(
            session=log.session,
            fingerprint=_fingerprint(task, one),
            defaults={
                "team_id": log.session.team_id,
                "task": task,
                "name": file_name(one.name or _last_segment(one.address)),
                "source": plain_line(one.source)[:300],
                "address": one.address,
                "made_at": one.at,
                "created_at": log.at,
            },
        )
        if is_new:
            fresh.append(file)
        elif one.address and one.address != file.address:
            file.address = one.address
            file.save(update_fields=("address",))
    return fresh


def as_detail(files: Iterable[ResultFile]) -> list[dict[str, str]]:
    """What a timeline row keeps of them, so that a row never changes and needs no second look."""
    return [{"id": file.pk, "name": file.name, "source": file.source} for file in files]


def visible_files(user: User) -> QuerySet[ResultFile]:
    return ResultFile.objects.filter(session__in=visible_sessions(user))


def file_name(raw: str) -> str:
    """A name that is safe to show and to save under: no folders, nothing invisible, nothing hidden."""
    name = plain_line(raw.replace("\\", "/").rpartition("/")[2]).lstrip(". ")
    stem, dot, ending = name.rpartition(".")
    if len(name) > _LONGEST_NAME and dot and len(ending) <= 10:
        name = f"{stem[: _LONGEST_NAME - 1 - len(ending)]}.{ending}"
    return name[:_LONGEST_NAME] or "file"


def plain_line(raw: str) -> str:
    """One line without control and format characters: some turn the writing round and disguise a file's kind."""
    visible = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in raw[:2000])
    return " ".join(visible.split())


def _fingerprint(task: Task | None, one: ReportedFile) -> str:
    parts = urlsplit(one.address)
    place = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return salted_hmac(
        "watchfloor.result-file", "\n".join((task.pk if task else "", one.name, place)), algorithm="sha256"
    ).hexdigest()


def _last_segment(address: str) -> str:
    return unquote(urlsplit(address).path.rpartition("/")[2])
