"""The study area as a raster: how much of a kernel, or of the area itself when shifted, lies inside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import fft

from .kernel import kernel_stamp
from .surface import convolve, surface_shape


@dataclass(frozen=True, eq=False)
class StudyArea:
    """Where incidents may happen: bounds (xmin, ymin, xmax, ymax) in metres, and a mask on square pixels.

    mask : (rows, cols) bool, row 0 the northern one; None means all of *bounds*. cell_size : metres.
    """

    bounds: tuple[float, float, float, float]
    cell_size: float
    mask: np.ndarray | None = None

    @cached_property
    def inside(self) -> np.ndarray:
        """(rows, cols) bool. Raises ValueError where the mask has another shape than the raster."""
        shape = surface_shape(self.bounds, self.cell_size)
        if self.mask is None:
            return np.ones(shape, dtype=bool)
        if np.shape(self.mask) != shape:
            raise ValueError(f"mask must be {shape} to match the raster, not {np.shape(self.mask)}")
        return np.asarray(self.mask, dtype=bool)

    @property
    def area(self) -> float:
        """Square metres."""
        return float(self.inside.sum()) * self.cell_size**2

    @property
    def shorter(self) -> float:
        """The shorter side of the bounds, metres."""
        west, south, east, north = self.bounds
        return min(east - west, north - south)

    @property
    def diameter(self) -> float:
        """The diagonal of the bounds, metres."""
        west, south, east, north = self.bounds
        return math.hypot(east - west, north - south)

    def pixel_of(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(row, column) of the pixel each of the (n, 2) points lies in; outside points get the nearest one."""
        rows, cols = self.inside.shape
        row = np.floor((self.bounds[3] - points[:, 1]) / self.cell_size).astype(np.int64)
        col = np.floor((points[:, 0] - self.bounds[0]) / self.cell_size).astype(np.int64)
        return np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)

    def share(self, bandwidth: float, kernel: str) -> np.ndarray:
        """(rows, cols) part of a kernel centred on each pixel that lies inside."""
        inside = self.inside
        stamp = kernel_stamp(bandwidth / self.cell_size, kernel, max(inside.shape))
        return np.minimum(convolve(inside.astype(float), stamp), 1.0)

    def corrections(self, points: np.ndarray, bandwidth: float, kernel: str) -> tuple[np.ndarray, float]:
        """The (n,) part of each point's kernel that lies inside, and the integral of the density so corrected."""
        inside, share = self.inside, np.maximum(self.share(bandwidth, kernel), 1e-3)
        stamp = kernel_stamp(bandwidth / self.cell_size, kernel, max(inside.shape))
        at = self.pixel_of(points)
        return share[at], float(convolve(inside / share, stamp)[at].sum())

    def common_area(self, shift: np.ndarray) -> np.ndarray:
        """(n,) square metres that the area shares with itself moved by each (n, 2) *shift* in metres.

        Exact for a whole rectangle; on a mask between pixels by linear interpolation.
        """
        across, down = np.abs(shift[:, 0]), np.abs(shift[:, 1])
        if self.mask is None:
            west, south, east, north = self.bounds
            return np.maximum(east - west - across, 0.0) * np.maximum(north - south - down, 0.0)
        steps = np.column_stack([-shift[:, 1], shift[:, 0]]) / self.cell_size
        low = np.floor(steps).astype(np.int64)
        part = steps - low
        table, size = self._covariance, np.array(self._covariance.shape)
        total = np.zeros(len(shift))
        for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
            at = (low + np.array((dy, dx))) % size
            weight = np.abs(1 - dy - part[:, 0]) * np.abs(1 - dx - part[:, 1])
            total += weight * table[at[:, 0], at[:, 1]]
        return np.maximum(total, 1.0) * self.cell_size**2

    @cached_property
    def _covariance(self) -> np.ndarray:
        """Pixels inside that are inside again after a shift of whole pixels, by shift (negative ones wrap round)."""
        size = [fft.next_fast_len(2 * length, real=True) for length in self.inside.shape]
        spectrum = fft.rfft2(self.inside.astype(float), size)
        return np.rint(fft.irfft2(np.abs(spectrum) ** 2, size))
