"""What stategrad costs, measured beside the bare operations and what others offer; not part of the package."""
