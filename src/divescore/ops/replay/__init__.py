"""Dead letters: look at them, send them again, put them away."""
