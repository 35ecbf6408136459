"""What has to be there before anybody can sign in: a team, an account, a connection."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from sessions_app.enums import Dialect, Role
from sessions_app.models import Connection, Membership, Team

_TEAM = "Operations"
_CONNECTION = "Default"


@dataclass(frozen=True)
class ServiceAddress:
    """Which agent service to use, from the environment or the embedded one."""

    url: str
    key: str
    dialect: Dialect
    verify: str
    calls_per_minute: int | None


@transaction.atomic
def ensure_team() -> Team:
    return Team.objects.order_by("pk").first() or Team.objects.create(name=_TEAM)


@transaction.atomic
def ensure_account(team: Team, username: str, password: str | None) -> str | None:
    """Make the first account, a lead's; the answer is a password that was made up, to be shown this once.

    An account that is there keeps its password: the environment only says what the first one is.
    """
    user = User.objects.filter(username=username).first()
    made = None
    if user is None:
        made = None if password else secrets.token_urlsafe(12)
        user = User.objects.create_user(username, password=password or made)
    Membership.objects.get_or_create(team=team, user=user, defaults={"role": Role.LEAD})
    return made


@transaction.atomic
def ensure_connection(team: Team, service: ServiceAddress) -> Connection:
    """Write down the service this process uses; sessions of an earlier one keep pointing at the same row."""
    connection, _ = Connection.objects.update_or_create(
        team=team,
        name=_CONNECTION,
        defaults={
            "base_url": service.url,
            "api_key": service.key,
            "dialect": service.dialect,
            "verify": service.verify,
            "calls_per_minute": service.calls_per_minute,
        },
    )
    return connection
