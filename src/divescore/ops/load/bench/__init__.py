"""What a running system does with one dive and with many: measured through its public API alone."""
