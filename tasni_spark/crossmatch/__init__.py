"""Pairs of surveys in, associations out."""
