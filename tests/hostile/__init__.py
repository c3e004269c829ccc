"""Texts that want to be more than text, and everywhere that people may meet them."""
