"""Who may open which page: asked of every page there is, and written down in `docs/reference/roles.md`."""
