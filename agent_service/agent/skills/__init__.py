"""What the agent can do, one module a kind of errand."""
