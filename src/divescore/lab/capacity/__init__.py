"""What the system takes and costs at a scale: arithmetic on counted calls, and a simulation of bursts. Pure."""
