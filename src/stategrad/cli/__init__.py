"""The command line: `stategrad run | train | gradients | analyze | probe | words | report | validate | corpus`."""
