from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from sessions_app.models.session import new_public_id
from sessions_app.models.team import Team


class SavedFilter(models.Model):
    """What somebody narrows the desk to, under a name; their own, unless a lead shares theirs with the team."""

    id = models.CharField(primary_key=True, max_length=16, default=new_public_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="saved_filters")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    #: As it stands in the desk's address: what means "me" there means whoever looks.
    query = models.CharField(max_length=3000)
    is_shared = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint("team", "author", Lower("name"), name="one_filter_a_name"),)

    def __str__(self) -> str:
        return self.name
