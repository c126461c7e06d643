"""The network and what surrounds it: manifest, weights, prediction, difficulty; knows nothing of AWS."""

import os

# Read when torch is first imported. Waiting threads would spin by default, and on cores that others use too a forward
# pass then takes ten times as long (measured: 0.9 s against 0.07 s).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
