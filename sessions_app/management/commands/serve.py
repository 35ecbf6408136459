from contextlib import ExitStack
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.embedded_agent import SHOP_HOST, AgentDidNotStart, EmbeddedAgent
from dashboard.env import Environment
from dashboard.locking import CannotServe, locked_data, preparing
from dashboard.serving import check_port, end_process, serve
from sessions_app.domain.first_rows import ServiceAddress, ensure_account, ensure_connection, ensure_team
from sessions_app.enums import Dialect
from sessions_app.live.processes import relay_and_listen


class Command(BaseCommand):
    help = "Serve the dashboard, with its relay and, where no AGENT_API_URL is set, an agent service of its own."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-relay", action="store_true", help="serve pages alone; `manage.py relay` relays")

    def handle(self, *args: Any, **options: Any) -> None:
        environment: Environment = settings.ENVIRONMENT
        relays = not options["no_relay"]
        if not relays and environment.redis_url is None:
            raise CommandError("Pages alone need REDIS_URL, and another process that relays.")
        with ExitStack() as stack:
            try:
                stack.enter_context(locked_data(environment))
                check_port(environment.host, environment.port)
                made_password = self._prepare(environment, stack)
            except (CannotServe, AgentDidNotStart) as error:
                raise CommandError(str(error)) from error
            succeeded = serve(
                environment.host,
                environment.port,
                partial(relay_and_listen, relays=relays),
                when_listening=lambda: self._announce(environment, made_password),
            )
        end_process(0 if succeeded else 1)

    def _prepare(self, environment: Environment, stack: ExitStack) -> str | None:
        """Bring everything up to date; the answer is the first account's password where one was made up."""
        self._say("Preparing the database and the pages' files …")
        with preparing(environment):
            call_command("migrate", verbosity=0)
            call_command("collectstatic", verbosity=0, interactive=False)
            service = self._find_service(environment, stack)
            return _ensure_rows(environment, service)

    def _find_service(self, environment: Environment, stack: ExitStack) -> ServiceAddress:
        dialect = Dialect(environment.agent_api_dialect)
        limit = environment.agent_api_calls_per_minute
        if environment.agent_api_url:
            self._say(f"Using the agent service at {environment.agent_api_url}.")
            return ServiceAddress(
                environment.agent_api_url, environment.agent_api_key, dialect, environment.agent_api_verify, limit
            )
        self._say("Starting the embedded agent service …")
        agent = EmbeddedAgent(environment.data_dir, loopback_only=environment.is_loopback)
        stack.callback(agent.stop)
        url = agent.start()
        self._say(f"Its agents can reach a shop to practise on at https://{SHOP_HOST}/.")
        return ServiceAddress(url, agent.key, Dialect.ENIGMA, "system", None)

    def _announce(self, environment: Environment, made_password: str | None) -> None:
        if made_password:
            self._say(f"Sign in as {environment.admin_username} with the password {made_password} (shown this once).")
        self._say(f"Watchfloor is at {environment.public_url}/ (Ctrl-C stops everything).")

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def _ensure_rows(environment: Environment, service: ServiceAddress) -> str | None:
    """Make what is missing; the answer is the first account's password where one was made up."""
    team = ensure_team()
    ensure_connection(team, service)
    return ensure_account(team, environment.admin_username, environment.admin_password)
