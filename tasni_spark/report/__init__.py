"""One page that says what a search found and what it could not see."""
