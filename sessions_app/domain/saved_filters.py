"""Saved filters of the desk: one's own, and what leads share with their team."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower

from sessions_app.domain.access import leads
from sessions_app.domain.commands import NotAllowed, lock_person
from sessions_app.models import SavedFilter, Team

#: Of one person: more names than that nobody finds their way in.
MOST_FILTERS = 30


def usable_filters(team: Team, user: User) -> QuerySet[SavedFilter]:
    """The person's own and what is shared, by their names."""
    mine_or_shared = Q(author=user) | Q(is_shared=True)
    return SavedFilter.objects.filter(mine_or_shared, team=team).select_related("author").order_by(Lower("name"), "pk")


def removable_filters(team: Team, user: User) -> QuerySet[SavedFilter]:
    """The person's own; leads remove what is shared too, whoever shared it."""
    return usable_filters(team, user) if leads(user, team) else SavedFilter.objects.filter(team=team, author=user)


@transaction.atomic
def save_filter(team: Team, name: str, query: str, *, by: User, shared: bool = False) -> SavedFilter:
    """Keep a filter under a name that the person has not given to another. Raises NotAllowed."""
    lock_person(by)
    own = SavedFilter.objects.filter(team=team, author=by)
    named = own.annotate(lower=Lower("name")).filter(lower=Lower(Value(name))).first()
    if named and named.query == query:
        return named  # the same form again
    if named:
        raise NotAllowed(f"You have a filter called “{named.name}”: choose another name, or delete that one first.")
    if own.count() >= MOST_FILTERS:
        raise NotAllowed(f"You have {MOST_FILTERS} saved filters: delete one first.")
    return SavedFilter.objects.create(
        team=team, author=by, name=name, query=query, is_shared=shared and leads(by, team)
    )
