"""How long the relay waits for what, in seconds; one object, so that tests can have everything happen sooner."""

from dataclasses import dataclass, field

from sessions_app.agent_api.client import TimeOuts


@dataclass(frozen=True)
class Timings:
    """The waits of one relay; nothing but a test has a reason to change them."""

    #: How often it looks for free sessions, and for commands of which nobody told it.
    sweep: float = 1.0
    #: Before a runner that failed is started again.
    restart: float = 2.0
    watched_poll: float = 2.0
    unwatched_poll: float = 10.0
    first_retry: float = 0.5
    longest_retry: float = 5.0
    #: Past its cap, after which a session that cannot be reached is taken to have expired.
    expiry_grace: float = 10.0
    #: By how much a socket's events may be behind an answer that already holds the result.
    socket_lag: float = 1.0
    #: What a task waits for the link that will hear of it; later it is sent all the same, and polled.
    link_patience: float = 5.0
    #: What is listened on for after a session's end: a result may be on its way yet.
    last_words: float = 2.0
    #: Without evidence, when a stop is sent again by REST, and when people are alarmed.
    again_after: float = 3.0
    alarm_after: float = 6.0
    evidence_every: float = 0.5
    evidence_every_later: float = 2.0
    #: What a stop that nothing took waits for the link, before it is tried by REST once more.
    deliver_every: float = 5.0
    #: What a resumed or answered agent may take to show itself.
    activity_within: float = 15.0
    #: Between the tries to learn what became of a call whose answer did not come.
    ask_again_after: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    calls: TimeOuts = field(default_factory=TimeOuts)
