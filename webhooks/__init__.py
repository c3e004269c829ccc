"""News for other programs and for people: what happened is told to the webhooks that want to hear it, and by mail."""
