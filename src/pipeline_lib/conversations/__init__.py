"""Conversation tables, validated against images, and their subsets."""
