"""The job: its record, its states as a pure transition function, and the table that applies them."""
