"""Every word of a text as a group of its own: how well it is remembered, against how often it is read."""
