"""A session's live picture: captured and encoded once for all viewers, while there are any."""

from agent_service.streaming.routes import stream_routes
from agent_service.streaming.stream import Stream, StreamStats

__all__ = ["Stream", "StreamStats", "stream_routes"]
