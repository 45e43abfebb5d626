"""The command line: `stategrad run | train | gradients | analyze | probe | report | validate | corpus`."""
