"""Shares of counts."""

import numpy as np
from numpy.typing import NDArray


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return above / below, 0 where `below` is 0."""
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)
