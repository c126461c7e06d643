"""`divescore export`: films and judges' marks, for `divescore adapt`."""
