"""The playground: an own page on which staff try models and prompts side by side, as themselves and on the books."""
