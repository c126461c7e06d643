"""The load test: dives arrive by a schedule, whatever the system does, and every push is accounted for."""
