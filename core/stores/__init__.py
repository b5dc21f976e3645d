"""What Shelver keeps on disk beside the journals: the catalog of operations, and databases that can be made anew."""
