"""What work costs, and the balance that pays for it."""
