"""One file per text format: each reads lines into documents of sentences of (word, tag) tokens."""
