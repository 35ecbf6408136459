"""What the desk can be narrowed to."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import TextChoices

from sessions_app.enums import GuideWord
from sessions_app.queries.tile import DeskTile


class TileGroup(TextChoices):
    """What the desk can be narrowed to."""

    NEEDS = "needs", "Needs a person"
    WORKING = "working", "At work"
    PAUSED = "paused", "Paused"
    IDLE = "idle", "Without a task in hand"


_GROUP_OF = {
    GuideWord.ACTIVE: TileGroup.WORKING,
    GuideWord.PENDING: TileGroup.WORKING,
    GuideWord.PAUSING: TileGroup.PAUSED,
    GuideWord.PAUSED: TileGroup.PAUSED,
}


@dataclass(frozen=True)
class DeskFilters:
    """What the desk is narrowed to; empty means all."""

    text: str = ""
    group: TileGroup | None = None
    owner: User | None = None

    def let_through(self, tile: DeskTile) -> bool:
        said = f"{tile.session.title}\n{tile.session.last_step}\n{tile.subject.prompt if tile.subject else ''}"
        return (
            self.text.casefold() in said.casefold()
            and (self.owner is None or tile.session.owner_id == self.owner.pk)
            and (self.group is None or self._is_of_group(tile))
        )

    def _is_of_group(self, tile: DeskTile) -> bool:
        if self.group == TileGroup.NEEDS:
            return tile.needs_person
        return self.group == _GROUP_OF.get(tile.word, TileGroup.IDLE)
