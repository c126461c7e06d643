"""The network and what surrounds it: manifest, weights, prediction, difficulty; knows nothing of AWS."""
