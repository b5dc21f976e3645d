"""The `shelver` command, one file for each verb."""
