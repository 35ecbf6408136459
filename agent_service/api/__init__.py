"""The wire: REST and Socket.IO, read tolerantly, answered in one of the two published forms."""
