"""The verbs of dispatch and visit."""
