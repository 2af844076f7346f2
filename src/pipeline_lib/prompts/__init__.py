"""Conversation templates: how turns become one text, and which parts of it are trained."""
