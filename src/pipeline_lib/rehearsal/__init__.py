"""Rehearsals on a part of a study: which rows, questions and images they take."""
