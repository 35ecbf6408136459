"""An agent whose steps are planned by a language model of the operator's own, one tool call at a time."""
