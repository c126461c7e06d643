"""Runs template.yaml on this machine: the local engine, what it cannot do, and the commands that drive it."""
