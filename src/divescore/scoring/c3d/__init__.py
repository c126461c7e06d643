"""The published C3D-AVG network."""
