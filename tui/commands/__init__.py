"""The verbs of the `shelver` command, one module each, imported only when used."""
