"""Published catalogues in, survey tables out."""
