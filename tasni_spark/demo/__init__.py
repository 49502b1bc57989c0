"""The mock sky: made-up catalogues in their published formats, with the truth about every source beside them."""
