from django.conf import settings
from django.db import models

from sessions_app.enums import Role


class Team(models.Model):
    """Who shares sessions, connections and a budget; every other row belongs to one."""

    name = models.CharField(max_length=120, unique=True)
    members: "models.ManyToManyField[models.Model, Membership]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams"
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
