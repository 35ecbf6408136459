"""Who may see and steer what. Everybody in a team sees the team's sessions; an outsider finds nothing there."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User

from sessions_app.enums import Role
from sessions_app.models import AgentSession, Membership, Team
from sessions_app.models.session import AgentSessionQuerySet


class NoTeam(Exception):
    """The user belongs to no team."""


def membership_of(user: User) -> Membership:
    """Find the user's place in their team; raises NoTeam."""
    membership = Membership.objects.filter(user=user).select_related("team").order_by("pk").first()
    if membership is None:
        raise NoTeam
    return membership


def team_of(user: User) -> Team:
    """Find the user's team; raises NoTeam."""
    return membership_of(user).team


def visible_sessions(user: User) -> AgentSessionQuerySet:
    return AgentSession.objects.filter(team__membership__user=user)


@dataclass(frozen=True)
class Rights:
    """What a person may do on a session that they see."""

    steers: bool
    leads: bool


def rights_on(user: User, session: AgentSession) -> Rights:
    role = Membership.objects.filter(user=user, team=session.team_id).values_list("role", flat=True).first()
    return Rights(steers=_steers(role, user, session), leads=role == Role.LEAD)


def leads(user: User, team: Team) -> bool:
    return Membership.objects.filter(user=user, team=team, role=Role.LEAD).exists()


def may_steer(user: User, session: AgentSession) -> bool:
    """Operators and leads steer every session of the team, members their own."""
    return rights_on(user, session).steers


def steerable(user: User, sessions: Iterable[AgentSession]) -> list[AgentSession]:
    """Those of the sessions that the person may steer, in one query for all."""
    roles = dict(Membership.objects.filter(user=user).values_list("team_id", "role"))
    return [one for one in sessions if _steers(roles.get(one.team_id), user, one)]


def _steers(role: str | None, user: User, session: AgentSession) -> bool:
    return role in {Role.OPERATOR, Role.LEAD} or (role is not None and session.owner_id == user.pk)
