"""What work costs, and the balance it is paid from."""
