"""What the integration tests stand on: the server under test, clients, receivers."""
