"""The judge stage: requests to a language model about answers, and its replies."""
