"""The synthetic data of the default study: scenes composed from the handwritten digits that ship with scikit-learn."""
