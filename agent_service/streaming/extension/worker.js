// Runs in the background; the service calls it.
