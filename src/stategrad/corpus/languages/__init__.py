"""Generated languages in which it is known for how long the state must hold each word: one file each."""
