"""How instants are written on screens, where Django writes them otherwise."""
