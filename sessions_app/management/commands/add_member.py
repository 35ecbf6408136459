from getpass import getpass
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from sessions_app.domain.first_rows import ensure_team
from sessions_app.enums import Role
from sessions_app.models import Membership


class Command(BaseCommand):
    help = "Add a person to the team, or change their role; a new one is asked for a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", choices=Role.values, default=Role.MEMBER.value)

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first() or _make(options["username"])
        Membership.objects.update_or_create(team=ensure_team(), user=user, defaults={"role": options["role"]})
        self.stdout.write(f"{user.username} is a {options['role']} now.")


def _make(username: str) -> User:
    user = User(username=username)
    password = getpass("Password: ")
    try:
        user.full_clean(exclude=("password",))
        validate_password(password, user)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    user.set_password(password)
    user.save()
    return user
