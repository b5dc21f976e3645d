"""What people are shown of plans, steps and files: a page at a time, in the words of `core.model`."""
