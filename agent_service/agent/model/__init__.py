"""An agent whose steps are planned by the operator's own language model, one tool call at a time."""
