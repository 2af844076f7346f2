"""Instruction data: conversation tables, validated against images, and their subsets."""
