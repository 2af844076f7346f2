"""Ratios of counts, NaN where undefined."""

import numpy as np
from numpy.typing import NDArray


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return above / below, NaN where `below` is 0."""
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)
