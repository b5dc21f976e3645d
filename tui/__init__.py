"""The face of Shelver: the `shelver` command and the screens."""
