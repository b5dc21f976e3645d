"""What a file is: asked lazily, by whoever needs it, and only if a rule asks."""
