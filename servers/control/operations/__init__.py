"""The sagas and dead letters of all houses behind one door: asked for at once, decided about where they live."""
