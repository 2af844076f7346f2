"""The report: one page with the scores of a study, how sure they are, and every answer."""
