"""Opening a video file within limits and sampling frames from it; knows nothing of AWS or of the network."""
