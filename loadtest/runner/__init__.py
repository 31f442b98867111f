"""The load test's runner; loadtest/README.md says how to read its figures."""
