"""Files from elsewhere: transferred once, pinned by digest, taken out of archives safely."""
