"""What the stages still to run will cost, as far as files and records of this project tell; the rest is unknown."""
