"""Around a deployment: the page into its bucket, and everything away again; shared by AWS and this machine."""
