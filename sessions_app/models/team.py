from django.conf import settings
from django.db import models

from sessions_app.enums import Role
from sessions_app.models.guard import Capped


class Team(Capped):
    """Who shares sessions, connections and a budget; every other row belongs to one."""

    name = models.CharField(max_length=120, unique=True)
    members: "models.ManyToManyField[models.Model, Membership]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams"
    )

    #: The open hold on new starts; here too so that whoever loads a team has it at hand.
    hold = models.ForeignKey(
        "sessions_app.StartHold", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("team", "user"), name="one_membership_a_team"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.role}"
