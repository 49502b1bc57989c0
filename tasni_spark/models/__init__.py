"""Models: audits of what they learn from, training, scoring, error rates and the ranked list."""
