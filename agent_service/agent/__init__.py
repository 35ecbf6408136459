"""What decides the agent's next step: an interpreter of plain English, or a model."""
