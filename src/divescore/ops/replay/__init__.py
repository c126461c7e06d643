"""Dead letters: look at them, send them again (redrive), delete them."""
