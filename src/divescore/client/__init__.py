"""The asynchronous client of the HTTP and WebSocket API; the command line, the load test and the tests use it."""
