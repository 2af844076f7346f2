"""Conversation templates: they convert turns to one text and mark the parts to train."""
