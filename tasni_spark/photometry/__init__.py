"""Magnitudes, fluxes and limits; temperatures and distances; how much a source's colours are those of a dwarf.

Pure numpy and numba over column arrays of shape (n,); NaN means not measured, as null does in a table.
"""
