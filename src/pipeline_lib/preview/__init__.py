"""Before a training: what it will see of its conversations, row by row and in all."""
