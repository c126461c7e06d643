"""Settles what is overdue."""
