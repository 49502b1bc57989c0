"""A referee's audit of a table of features and labels: pure NumPy, without Spark.

Why: the best-known failure of this search was a table in which only the labelled sources had light curves, so that
"has a light curve" predicted the label and every model looked excellent. An audit asks, before anything is trained,
what a feature knows that it cannot know from the sky: whether it is missing, how many decimals it has, where it lies,
whether the label is a formula of it. A table that fails is refused, with the grounds.
"""
