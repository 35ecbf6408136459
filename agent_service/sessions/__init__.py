"""Sessions and their tasks, from the order to the outcome."""
