"""One attempt at scoring a dive: claim it, keep it, work on it, and write down what came out."""
