"""The page on which a version is written, with a preview beside it."""
