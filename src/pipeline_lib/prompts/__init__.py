"""Conversation templates: they convert turns to one text and mark the parts that are trained."""
