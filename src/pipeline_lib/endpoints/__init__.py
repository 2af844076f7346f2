"""Endpoints: servers with OpenAI's chat interface, which the engine and the judge `openai` ask."""
