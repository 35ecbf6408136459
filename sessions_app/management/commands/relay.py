import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from dashboard.locking import CannotServe, locked_data, preparing
from sessions_app.live.processes import relay_and_listen


class Command(BaseCommand):
    help = "Relay sessions without serving pages, beside other processes; needs REDIS_URL."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.REDIS_URL is None:
            raise CommandError("A relay alone needs REDIS_URL: without it, `serve` relays and serves in one process.")
        try:
            with locked_data(settings.ENVIRONMENT):
                with preparing(settings.ENVIRONMENT):
                    call_command("migrate", verbosity=0)
                asyncio.run(self._relay())
        except CannotServe as error:
            raise CommandError(str(error)) from error

    async def _relay(self) -> None:
        work = asyncio.create_task(relay_and_listen())
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, work.cancel)
        self.stdout.write("The relay is running (Ctrl-C stops it).")
        self.stdout.flush()
        await asyncio.wait({work})
        if not work.cancelled():
            work.result()
