"""The HTTP API: bodies as they come in and go out, the operations behind the routes, answers."""
