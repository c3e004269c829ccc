"""Examples carried out: asked like any call, judged by their checks, kept and shown."""
