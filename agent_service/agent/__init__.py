"""What decides the agent's next step: today an interpreter of plain English, later a model as well."""
