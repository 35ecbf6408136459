"""What the service takes of the machine it runs on: ports, a folder, a name for its shop, a parent."""
