"""Decides the agent's next step, by an interpreter of plain English or by a model."""
