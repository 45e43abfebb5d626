"""Texts: from files of many formats to ids with words, tags and word classes."""
