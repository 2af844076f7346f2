"""Servers: one module for each program that serves a checkpoint with OpenAI's chat interface."""
