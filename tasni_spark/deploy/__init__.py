"""Where jobs run: what schedulers and platforms are told, drawn from the map and the locks."""
