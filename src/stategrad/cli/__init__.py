"""The command line: `stategrad run | train | gradients | swap | controls | analyze | probe | words | seeds | report | …`."""
