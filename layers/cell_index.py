"""The index under the overlay: which cell holds a point, exactly, in one or two looks at a raster for most points.

A raster over the cells says for every pixel that it lies wholly in one cell, or in none, or that it is ambiguous. An
ambiguous pixel has a record of its own: 8 by 8 sub-pixels, settled or not, and the cells they are settled for. Only
points in sub-pixels near an edge are tested, against those edges of a candidate that cross the pixel's row. All
rounding is harmless: rows and columns of points and edges come from one monotone function, whatever lies near an edge
counts as ambiguous, and the side of an edge is decided by exact arithmetic where doubles cannot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit

from .exact_side import side_of

PIXELS_A_CELL, MOST_PIXELS, LEAST_PIXELS = 256, 1 << 24, 1 << 12
_BLOCK = 2048  # points looked up at a time, so that the waits for memory overlap
_RECORD, _NAMED = 64, 8  # bytes of a record, one line of the cache: 64 sub-pixels of 4 bits, the numbers of 8 cells
_UNSURE, _NOBODY = 15, 14  # a sub-pixel's value, beside the place of its cell in the record


Frame = tuple[float, float, float, float, int, int]


@dataclass(frozen=True, eq=False)
class CellIndex:
    """Built by `build_index` over cells in their order of precedence; `find` gives the first that holds a point.

    labels : (rows * cols,) int32, a cell >= 0 that holds all of the pixel, -1 none, -2 - k the k-th ambiguous pixel;
    records : (n_ambiguous, 64) uint8; starts : (n_ambiguous + 1,) into candidates : int32, cell << 1, plus 1 where it
    holds all of the pixel; band_edges : (n, 4) x0, y0, x1, y1, all edges in a row of a cell side by side, the band of
    row r of cell c being band_base[c] + r. frame : west, south, pixels per metre across and up, rows, columns.
    """

    labels: np.ndarray
    records: np.ndarray
    starts: np.ndarray
    candidates: np.ndarray
    band_starts: np.ndarray
    band_edges: np.ndarray
    band_base: np.ndarray
    frame: Frame

    def find(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(n,) int64 number of the first cell whose closed region holds each point, -1 where none does or it is NaN."""
        x, y = np.ascontiguousarray(x, dtype=float), np.ascontiguousarray(y, dtype=float)
        answer = np.empty(len(x), dtype=np.int64)
        unsure = (self.records, self.records.view(np.int32), self.starts, self.candidates)
        bands = (self.band_starts, self.band_edges, self.band_base)
        _find(x, y, self.labels, *unsure, *bands, self.frame, answer)
        return answer

    @property
    def nbytes(self) -> int:
        """Memory of all tables, bytes."""
        return sum(part.nbytes for part in vars(self).values() if isinstance(part, np.ndarray))


def build_index(shapes: np.ndarray, n_points: int = 1 << 30) -> CellIndex:
    """Index (n,) valid polygons or multipolygons (shapely), the first taking precedence; missing ones hold nothing.

    The raster has about 256 pixels a cell, fewer for few points: it should cost no more than it saves.
    """
    edges, edge_starts = _edges_of(shapes)
    if not len(edges):
        edges, edge_starts = np.zeros((1, 4)), np.zeros(len(shapes) + 1, dtype=np.int64)
    frame = _lay_out(edges, len(shapes), n_points)
    band_of, first_row = _rows_of(edges, edge_starts, frame)
    band_starts, band_edges = _fill_bands(edges, edge_starts, band_of, first_row, frame)
    labels = np.full(frame[4] * frame[5], -1, dtype=np.int32)
    made = (edges, edge_starts, band_starts, band_edges, band_of, first_row, frame, labels)
    starts, candidates = _gather(*_label(*made), int(-labels.min(initial=-1) - 1))
    records = np.full((len(starts) - 1, _RECORD), _NOBODY << 4 | _NOBODY, dtype=np.uint8)
    _refine(*made, starts, candidates, records, records.view(np.int32))
    return CellIndex(labels, records, starts, candidates, band_starts, band_edges, band_of[:-1] - first_row, frame)


def _edges_of(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n_edges, 4) edges of all rings of all shapes in their order, and where each shape's begin."""
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    polygonal = shapely.get_type_id(parts) == 3
    rings, ring_of = shapely.get_rings(parts[polygonal], return_index=True)
    owner = part_of[polygonal][ring_of] if len(rings) else np.zeros(0, dtype=np.int64)
    corners, corner_of = shapely.get_coordinates(rings, return_index=True)
    joined = corner_of[1:] == corner_of[:-1] if len(corners) else np.zeros(0, dtype=bool)
    edges = np.concatenate([corners[:-1][joined], corners[1:][joined]], axis=1) if len(corners) else np.zeros((0, 4))
    sizes = np.bincount(owner[corner_of[1:][joined]], minlength=len(shapes)) if len(edges) else np.zeros(len(shapes))
    return np.ascontiguousarray(edges), np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _lay_out(edges: np.ndarray, n_cells: int, n_points: int) -> Frame:
    """The raster's frame: square pixels over everything."""
    west, east = min(edges[:, 0].min(), edges[:, 2].min()), max(edges[:, 0].max(), edges[:, 2].max())
    south, north = min(edges[:, 1].min(), edges[:, 3].min()), max(edges[:, 1].max(), edges[:, 3].max())
    wanted = min(max(PIXELS_A_CELL * n_cells, LEAST_PIXELS), MOST_PIXELS, max(4 * n_points, 16 * n_cells, LEAST_PIXELS))
    width, height = max(east - west, 1e-6), max(north - south, 1e-6)
    side = np.sqrt(width * height / wanted)
    cols = int(np.clip(np.ceil(width / side), 1, wanted))
    rows = int(np.clip(np.ceil(height / side), 1, max(wanted // cols, 1)))
    return float(west), float(south), cols / width, rows / height, rows, cols


@njit(cache=True)
def _at(value, start, scale, size):  # type: ignore[no-untyped-def]
    """Row or column of a coordinate inside the frame: monotone, so what lies between two edges stays there."""
    return min(max(int((value - start) * scale), 0), size - 1)


@njit(cache=True)
def _rows_of(edges, edge_starts, frame):  # type: ignore[no-untyped-def]
    """(n + 1,) where each cell's bands begin, one a row, and (n,) its first row."""
    south, up, rows = frame[1], frame[3], frame[4]
    n = len(edge_starts) - 1
    band_of, first_row = np.zeros(n + 1, np.int64), np.zeros(n, np.int64)
    for c in range(n):
        low, high = rows, -1
        for e in range(edge_starts[c], edge_starts[c + 1]):
            for y in (edges[e, 1], edges[e, 3]):
                row = _at(y, south, up, rows)
                low, high = min(low, row), max(high, row)
        first_row[c] = low
        band_of[c + 1] = band_of[c] + max(high - low + 1, 0)
    return band_of, first_row


@njit(cache=True)
def _fill_bands(edges, edge_starts, band_of, first_row, frame):  # type: ignore[no-untyped-def]
    """The edges in each row of each cell, side by side: where each band begins, and all edges."""
    south, up, rows = frame[1], frame[3], frame[4]
    starts = np.zeros(band_of[-1] + 1, np.int64)
    filled, out = starts, np.empty((0, 4))
    for laid in (False, True):  # first counted, then laid down
        if laid:
            starts[1:] = np.cumsum(starts[1:])
            filled, out = starts[:-1].copy(), np.empty((starts[-1], 4))
        for c in range(len(first_row)):
            base = band_of[c] - first_row[c]
            for e in range(edge_starts[c], edge_starts[c + 1]):
                one, two = _at(edges[e, 1], south, up, rows), _at(edges[e, 3], south, up, rows)
                for row in range(min(one, two), max(one, two) + 1):
                    if laid:
                        out[filled[base + row]] = edges[e]
                        filled[base + row] += 1
                    else:
                        starts[base + row + 1] += 1
    return starts, out


@njit(cache=True)
def _busiest(starts):  # type: ignore[no-untyped-def]
    """The most edges any band has; at least 1."""
    most = 1
    for band in range(len(starts) - 1):
        most = max(most, starts[band + 1] - starts[band])
    return most


@njit(cache=True)
def _columns_of(edges, start, end, west, across, cols):  # type: ignore[no-untyped-def]
    """The first column of a cell's pixels and their number."""
    low, high = cols, -1
    for e in range(start, end):
        for x in (edges[e, 0], edges[e, 2]):
            col = _at(x, west, across, cols)
            low, high = min(low, col), max(high, col)
    return low, max(high - low + 1, 0)


@njit(cache=True)
def _label(edges, edge_starts, band_starts, band_edges, band_of, first_row, frame, labels):  # type: ignore[no-untyped-def]
    """Fill *labels*, cell after cell; gives (number of the pixel, candidate) pairs of what is ambiguous."""
    west, _, across, _, _, cols = frame
    pixels, cells, found, n_unsure = np.empty(1024, np.int32), np.empty(1024, np.int32), 0, 0
    closed = np.zeros(1024, np.bool_)  # ambiguous pixels that a cell holds whole: no later cell matters there
    line, crossings = np.zeros(cols, np.uint8), np.empty(_busiest(band_starts))
    for c in range(len(first_row)):
        low, width = _columns_of(edges, edge_starts[c], edge_starts[c + 1], west, across, cols)
        for band in range(band_of[c], band_of[c + 1]):
            row = first_row[c] + band - band_of[c]
            row_edges = band_edges[band_starts[band] : band_starts[band + 1]]
            line[:width] = 0
            _mark_row(row_edges, row, low, frame, line[:width], crossings)
            for i in range(width):
                pixel = row * cols + low + i
                if line[i] == 0 or labels[pixel] >= 0:
                    continue
                if labels[pixel] == -1:
                    if line[i] == 2:
                        labels[pixel] = c
                        continue
                    labels[pixel] = -2 - n_unsure
                    n_unsure += 1
                    if n_unsure > len(closed):
                        closed = np.concatenate((closed, np.zeros(len(closed), np.bool_)))
                number = -2 - labels[pixel]
                if closed[number]:
                    continue
                closed[number] = line[i] == 2
                if found == len(pixels):
                    pixels = np.concatenate((pixels, np.empty(found, np.int32)))
                    cells = np.concatenate((cells, np.empty(found, np.int32)))
                pixels[found], cells[found] = number, (c << 1) | (line[i] == 2)
                found += 1
    return pixels[:found], cells[:found]


@njit(cache=True)
def _refine(
    edges, edge_starts, band_starts, band_edges, band_of, first_row, frame, labels, starts, candidates, records, names
):  # type: ignore[no-untyped-def]
    """Settle the sub-pixels of every ambiguous pixel that no later cell can change, cell after cell."""
    west, south, across, up, rows, cols = frame
    finer = (west, south, 8 * across, 8 * up, 8 * rows, 8 * cols)
    fine, crossings = np.zeros((8, 8 * cols), np.uint8), np.empty(_busiest(band_starts))
    line = np.zeros(cols, np.uint8)
    for c in range(len(first_row)):
        low, width = _columns_of(edges, edge_starts[c], edge_starts[c + 1], west, across, cols)
        for band in range(band_of[c], band_of[c + 1]):
            row = first_row[c] + band - band_of[c]
            row_edges = band_edges[band_starts[band] : band_starts[band + 1]]
            line[:width] = 0
            _mark_row(row_edges, row, low, frame, line[:width], crossings)
            for s in range(8):
                fine[s, : 8 * width] = 0
                _mark_row(row_edges, 8 * row + s, 8 * low, finer, fine[s, : 8 * width], crossings)
            for i in range(width):
                label = labels[row * cols + low + i]
                if line[i] > 0 and label < -1:
                    _settle(c, line[i], fine[:, 8 * i : 8 * i + 8], -2 - label, starts, candidates, records, names)


@njit(cache=True)
def _settle(c, whole, fine, number, starts, candidates, records, names):  # type: ignore[no-untyped-def]
    """Enter one candidate of one pixel in its record; those beyond the eighth leave everything to the exact test."""
    place = 0
    while starts[number] + place < starts[number + 1] and candidates[starts[number] + place] >> 1 != c:
        place += 1
    if starts[number] + place == starts[number + 1]:
        return  # a cell before this one holds the whole pixel
    if place < _NAMED:
        names[number, 8 + place] = c
    for s in range(64):
        kind = 2 if whole == 2 else fine[s // 8, s % 8]
        byte, shift = records[number, s >> 1], 4 * (s & 1)
        if kind and (byte >> shift) & 15 == _NOBODY:
            settled = place if kind == 2 and place < _NAMED else _UNSURE
            records[number, s >> 1] = byte & (0xF0 >> shift) | settled << shift


@njit(cache=True)
def _mark_row(row_edges, row, low, frame, line, crossings):  # type: ignore[no-untyped-def]
    """One row of a cell's pixels: 1 where an edge may pass, 2 wholly inside, 0 outside."""
    west, south, across, up, _, cols = frame
    bottom, top, middle = south + row / up, south + (row + 1) / up, south + (row + 0.5) / up
    slack = 1e-6 / across + 1e-14 * (abs(west) + cols / across)
    rise = 1e-6 / up + 1e-14 * (abs(south) + abs(top))
    n = 0
    for e in range(len(row_edges)):
        x0, y0, x1, y1 = row_edges[e, 0], row_edges[e, 1], row_edges[e, 2], row_edges[e, 3]
        if min(y0, y1) > top + rise or max(y0, y1) < bottom - rise:
            continue
        left, right = min(x0, x1), max(x0, x1)
        if y0 != y1:
            slope = (x1 - x0) / (y1 - y0)
            one, two = x0 + (bottom - rise - y0) * slope, x0 + (top + rise - y0) * slope
            left, right = max(left, min(one, two)), min(right, max(one, two))
            if (y0 <= middle) != (y1 <= middle):
                n = _insert(crossings, n, x0 + (middle - y0) * slope)
        first, last = _at(left - slack, west, across, cols), _at(right + slack, west, across, cols)
        for col in range(max(first, low), min(last, low + len(line) - 1) + 1):
            line[col - low] = 1
    for pair in range(n // 2):
        first, last = _at(crossings[2 * pair], west, across, cols), _at(crossings[2 * pair + 1], west, across, cols)
        for col in range(max(first, low), min(last, low + len(line) - 1) + 1):
            centre = west + (col + 0.5) / across
            if line[col - low] == 0 and crossings[2 * pair] < centre < crossings[2 * pair + 1]:
                line[col - low] = 2


@njit(cache=True)
def _insert(rising, n, value):  # type: ignore[no-untyped-def]
    """Put a value in its place among the first n, which rise; their new number."""
    k = n
    while k > 0 and rising[k - 1] > value:
        rising[k] = rising[k - 1]
        k -= 1
    rising[k] = value
    return n + 1


@njit(cache=True)
def _gather(pixels, cells, n_unsure):  # type: ignore[no-untyped-def]
    """CSR of candidates by ambiguous pixel, in the order they came."""
    starts = np.zeros(n_unsure + 1, np.int32)
    for number in pixels:
        starts[number + 1] += 1
    for k in range(n_unsure):
        starts[k + 1] += starts[k]
    filled, out = starts.copy(), np.empty(len(cells), np.int32)
    for i in range(len(pixels)):
        out[filled[pixels[i]]] = cells[i]
        filled[pixels[i]] += 1
    return starts, out


@njit(cache=True)
def _find(x, y, labels, records, names, starts, candidates, band_starts, band_edges, band_base, frame, answer):  # type: ignore[no-untyped-def]
    """Look up all points, block by block: the labels, then the records of ambiguous pixels, then the exact test."""
    west, south, across, up, rows, cols = frame
    waiting, at, ends = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    band, low, high = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    pair, east, north = np.empty(_BLOCK, np.int32), west + cols / across, south + rows / up
    slack = 1e-9 * (abs(east) + abs(north))
    for first in range(0, len(x), _BLOCK):
        last, n, m = min(first + _BLOCK, len(x)), 0, 0
        for i in range(first, last):
            answer[i] = -1
            if not (west <= x[i] <= east + slack and south <= y[i] <= north + slack):
                continue
            label = labels[_at(y[i], south, up, rows) * cols + _at(x[i], west, across, cols)]
            answer[i] = label
            waiting[n] = i
            n += label < -1
        for k in range(n):
            i = waiting[k]
            number = -2 - answer[i]
            row, col = _at(y[i], south, 8 * up, 8 * rows), _at(x[i], west, 8 * across, 8 * cols)
            place = (records[number, (row & 7) * 4 + ((col & 7) >> 1)] >> 4 * (col & 1)) & 15
            if place < _NAMED:
                answer[i] = names[number, 8 + place]
            elif place == _NOBODY:
                answer[i] = -1
            else:
                waiting[m] = i
                m += 1
        for k in range(m):
            i = waiting[k]
            at[k], ends[k] = starts[-2 - answer[i]], starts[-1 - answer[i]]
        while m > 0:  # one candidate of every point a round
            for k in range(m):
                pair[k] = candidates[at[k]]
            for k in range(m):
                band[k] = band_base[pair[k] >> 1] + _at(y[waiting[k]], south, up, rows)
            for k in range(m):
                low[k], high[k] = band_starts[band[k]], band_starts[band[k] + 1]
            n, m = m, 0
            for k in range(n):
                i = waiting[k]
                if pair[k] & 1 or _holds(x[i], y[i], band_edges, low[k], high[k]):
                    answer[i] = pair[k] >> 1
                elif at[k] + 1 == ends[k]:
                    answer[i] = -1
                else:
                    waiting[m], at[m], ends[m] = i, at[k] + 1, ends[k]
                    m += 1


@njit(cache=True)
def _holds(px, py, edges, start, end):  # type: ignore[no-untyped-def]
    """Whether the closed region bounded by the edges of one row holds the point: crossings to the right, exactly."""
    inside = False
    for e in range(start, end):
        x0, y0, x1, y1 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (py < y0 and py < y1) or (py > y0 and py > y1) or (px > x0 and px > x1):
            continue
        crosses = (y0 <= py) != (y1 <= py)
        if px < x0 and px < x1:
            inside ^= crosses
            continue
        side = side_of(x0, y0, x1, y1, px, py)
        if side == 0:
            return True
        if crosses and (side > 0) == (y1 > y0):
            inside = not inside
    return inside
