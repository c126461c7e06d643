"""Live push: tokens, subscriptions, message shapes, and getting a job's news to every browser that watches it."""
