"""`divescore settled`: what a subscriber of the topic `DiveSettled` hears."""
