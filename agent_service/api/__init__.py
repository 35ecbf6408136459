"""The API, by REST and Socket.IO: requests are read tolerantly, and answered in one of the two published forms."""
