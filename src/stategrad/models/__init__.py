"""The language model, its training, its perplexity and its files; the embeddings of any model."""
