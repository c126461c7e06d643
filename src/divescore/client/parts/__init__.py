"""A large video in parts, over a line that breaks: what is hashed, asked for, sent, waited for and taken up again."""
