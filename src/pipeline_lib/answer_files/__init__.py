"""Files of answers: one module for each form in which tools write them; the content decides which reads a file."""
