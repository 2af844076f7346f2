"""Downloads: each file is transferred once and pinned by its digest; archives are extracted safely."""
