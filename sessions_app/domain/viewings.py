"""Who looks at which picture; the row's random id stands for whatever the service calls it."""

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from sessions_app.enums import LIVE_SESSION
from sessions_app.models import AgentSession, Viewing


def open_viewing(session: AgentSession, way: Viewing.Way, *, by: User, location: str) -> Viewing:
    """Note that somebody watches; `location` is where the picture is upstream, or where it is to be ended."""
    return Viewing.objects.create(
        team_id=session.team_id,
        session=session,
        actor=by,
        way=way,
        upstream_location=location,
        created_at=timezone.now(),
    )


def close_viewing(viewing: Viewing) -> bool:
    """End it; answers whether it was still open."""
    return bool(Viewing.objects.filter(pk=viewing.pk, ended_at=None).update(ended_at=timezone.now()))


def find_open_web_view(pk: str) -> Viewing | None:
    """The viewing of this id, while it is open, its session lives and its viewer may still see it.

    The id is all that authorises: a sandboxed frame sends no cookies.
    """
    return (
        Viewing.objects.filter(
            pk=pk,
            way=Viewing.Way.WEB_VIEW,
            ended_at=None,
            session__state__in=LIVE_SESSION,
            session__team__membership__user=F("actor"),
            actor__is_active=True,
        )
        .select_related("session__connection")
        .first()
    )
