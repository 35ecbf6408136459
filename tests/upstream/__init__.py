"""A stand-in for a hosted agent service, whose every answer, delay, error, drop and event a test decides.

`agent_service` is used wherever a real one will do; this one is for what no well-behaved service can be made to show.
It speaks the contract over real sockets and knows nothing of the dashboard. Like a hosted service it ignores `Prefer`
and `Idempotency-Key`, unless told to honour them.
"""

from tests.upstream.answers import Answer, cut, refusal, silence
from tests.upstream.cable import Cable
from tests.upstream.service import Upstream, UpstreamTask

__all__ = ["Answer", "Cable", "Upstream", "UpstreamTask", "cut", "refusal", "silence"]
