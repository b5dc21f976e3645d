"""TOML as people write it: values with the lines they stand in, read table by table, every mistake told at once."""
