"""From a request to a queued job: presigned forms, the stored upload, the gate in front of the scoring queue."""
