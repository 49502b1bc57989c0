"""Cuts as data: a verdict on every source, the candidates, and what each cut cost."""
