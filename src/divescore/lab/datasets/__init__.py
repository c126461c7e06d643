"""Clips to learn from and to measure on: rendered ones, and real dives."""
