"""The playground: its page, and what its script asks."""
