"""Training of language models: a GPT on Shakespeare, an ALBERT on WikiText-2."""
