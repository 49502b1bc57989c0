"""What every job needs and no astronomy: declarations, contracts, configuration, session, lake, runs."""
