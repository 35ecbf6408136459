"""Sessions and their tasks, from the request to the outcome."""
