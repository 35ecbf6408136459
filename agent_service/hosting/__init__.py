"""What the service needs from its machine: ports, a folder, a name for its shop, a parent process."""
