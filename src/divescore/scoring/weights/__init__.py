"""Weights from elsewhere: checkpoints, folders, their import."""
