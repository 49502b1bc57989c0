"""The sphere as column expressions: HEALPix, angles, frames, motion, tiles, coverage."""
