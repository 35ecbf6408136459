"""A session's picture, live: captured and encoded once, for as long as somebody watches."""

from agent_service.streaming.routes import stream_routes
from agent_service.streaming.stream import Stream, StreamStats

__all__ = ["Stream", "StreamStats", "stream_routes"]
