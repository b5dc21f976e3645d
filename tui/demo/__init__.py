"""The demo: a messy folder of samples, and all of Shelver at work on it."""
