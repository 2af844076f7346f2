"""Rehearsals, which run a study on a part of its data: the choice of rows, questions and images."""
