"""One contract for every model of the registry (models/base.py)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache

import numpy as np
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.models import registry
from gridbeacon.models.base import Estimator
from gridbeacon.params import params_of
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

SIDE, DAYS = 8, 112
N = SIDE * SIDE
BLOCK = [18, 19, 20, 26, 27, 28, 34, 35, 36]
"""A cell of the lattice and the eight around it."""

MODELS = registry()
WITH_NULL = [name for name, model in MODELS.items() if model.has_null]

NEUTRAL = {"evidence": 0.0, "log_p": 0.0}
"""What a model that is `end_only` says of the bins before the last."""

every_model = pytest.mark.parametrize("name", MODELS)


def _queen() -> sparse.csr_matrix:
    row, col = np.divmod(np.arange(N), SIDE)
    near = (np.abs(row[:, None] - row) <= 1) & (np.abs(col[:, None] - col) <= 1)
    np.fill_diagonal(near, False)
    return sparse.csr_matrix(near.astype(float))


def city(counts: np.ndarray, name: str) -> SpaceTimeCube:
    """A lattice of square kilometres in four districts, from a Monday on in the bins the model is made for, or days."""
    row, col = np.divmod(np.arange(N), SIDE)
    bin = MODELS[name].bin or "day"
    return SpaceTimeCube(
        counts=np.asarray(counts, dtype=float),
        bins=np.datetime64("2024-01-01") + np.arange(len(counts)) * (7 if bin == "week" else 1),
        cells=np.array([f"c{i:03d}" for i in range(N)], dtype=object),
        centres=np.column_stack([col, row]) * 1000.0 + 500.0,
        areas=np.ones(N),
        contiguity=_queen(),
        parents=2 * (row >= SIDE // 2) + (col >= SIDE // 2),
        exposure=np.full(N, 1000.0),
        factors={"valid": np.ones(len(counts), dtype=bool)},
        bin=bin,
    )


def ordinary_counts(seed: int = 0) -> np.ndarray:
    """Independent Poisson counts of uneven cells."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(2.0, 0.3, N), (DAYS, N)).astype(float)


def planted_counts() -> np.ndarray:
    """The ordinary city, and on the last day fifteen more in each cell of the block."""
    counts = ordinary_counts()
    counts[-1, BLOCK] += 15
    return counts


def silenced_counts() -> np.ndarray:
    """A city of two incidents more in each cell and day, and the block silent for the last 28 days."""
    counts = ordinary_counts() + np.random.default_rng(1).poisson(2.0, (DAYS, N))
    counts[-28:, BLOCK] = 0
    return counts


CITIES = {
    "ordinary": ordinary_counts(),
    "planted": planted_counts(),
    "silenced": silenced_counts(),
    "empty": np.zeros((DAYS, N)),
    "short": np.full((3, N), 2.0),
}


@cache
def fitted(name: str, which: str) -> tuple[Estimator, SpaceTimeCube]:
    """A model fitted on one of the cities, and that city: the same for every test that only asks it."""
    cube = city(CITIES[which], name)
    return MODELS[name]().fit(cube), cube


@cache
def answers(name: str, which: str) -> dict[str, np.ndarray]:
    """What that model says of that city."""
    return outputs(*fitted(name, which))


def outputs(model, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
    """Everything the contract asks of a fitted model on *cube*."""
    found = {"evidence": model.evidence(cube)}
    if model.has_null:
        found["log_p"] = model.log_p(cube)
    return found


def test_the_registry_names_models():
    assert {"getis_ord", "kernel_density", "nb_predictive"} <= set(MODELS)
    for model in MODELS.values():
        assert issubclass(model, Estimator)
        assert model.title
        assert model.title_zh
        assert model.__doc__


@every_model
def test_every_setting_is_declared_with_help_in_both_languages(name):
    assert is_dataclass(MODELS[name])
    declared = {key: told for key, _, _, told in params_of(MODELS[name])}
    assert set(declared) == {f.name for f in fields(MODELS[name])} == set(MODELS[name]().get_params())
    for told in declared.values():
        assert told.help
        assert told.zh


@every_model
def test_clone_round_trip(name):
    model, cube = fitted(name, "ordinary")
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not [key for key in vars(copy) if key.endswith("_")]  # nothing learned comes along
    with pytest.raises((NotFittedError, AttributeError)):
        copy.evidence(cube)


@every_model
def test_fit_returns_self_and_leaves_params_and_cube_alone(name):
    cube = city(planted_counts(), name)
    before = {part: np.array(getattr(cube, part), copy=True) for part in ("counts", "centres", "areas", "parents")}
    links = cube.contiguity.copy()
    model = MODELS[name]()
    params = model.get_params()
    assert model.fit(cube) is model
    outputs(model, cube)
    assert model.get_params() == params
    for part, values in before.items():
        np.testing.assert_array_equal(getattr(cube, part), values)
    assert (cube.contiguity != links).nnz == 0
    learned = set(vars(model)) - set(params)
    assert learned
    assert all(key.endswith("_") for key in learned)


@every_model
def test_same_seed_same_answer(name):
    again = city(planted_counts(), name)
    second = outputs(MODELS[name]().fit(again), again)
    for key, values in answers(name, "planted").items():
        np.testing.assert_array_equal(values, second[key])


@every_model
@pytest.mark.parametrize("which", ["ordinary", "planted", "empty", "short"])
def test_shape_and_range(name, which):
    found, shape = answers(name, which), CITIES[which].shape
    assert found["evidence"].shape == shape
    assert ((found["evidence"] >= 0) & (found["evidence"] <= 1)).all()  # a NaN is neither
    if MODELS[name].has_null:
        log_p = found["log_p"]
        assert log_p.shape == shape
        assert np.isfinite(log_p).all()
        assert (log_p <= 0).all()


@every_model
@pytest.mark.parametrize("which", ["planted", "empty", "short"])
def test_status_is_text(name, which):
    model, cube = fitted(name, which)
    status = model.status(cube)
    assert status.shape == (N,)
    assert all(isinstance(word, str) and word for word in status)


@every_model
@pytest.mark.parametrize("level", [0, 4, 0.1, 2.7])
def test_calm_on_an_empty_and_on_a_perfectly_even_city(name, level):
    cube = city(np.full((DAYS, N), level), name)
    model = MODELS[name]().fit(cube)
    assert (model.evidence(cube) <= 0.5).all()
    if model.has_null:
        assert (model.log_p(cube) >= np.log(0.05)).all()
    if level == 0:
        assert set(model.status(cube)) != {"ok"}


@every_model
def test_re_ordered_cells_re_order_the_answer(name):
    order = np.random.default_rng(1).permutation(N)
    shuffled = city(planted_counts(), name).take_cells(order)
    turned = outputs(MODELS[name]().fit(shuffled), shuffled)
    for key, values in answers(name, "planted").items():
        np.testing.assert_allclose(turned[key], values[:, order], rtol=1e-9, atol=1e-9)


@every_model
@pytest.mark.parametrize("as_of", [60, DAYS - 1])
def test_future_bins_change_nothing(name, as_of):
    past = city(planted_counts(), name).between(0, as_of)
    known, told = outputs(MODELS[name]().fit(past), past), answers(name, "planted")
    for key, values in known.items():
        if MODELS[name].end_only:  # judged as seen from the end: what lies before says nothing of its own
            assert (told[key][:-1] == NEUTRAL[key]).all()
            assert (values[:-1] == NEUTRAL[key]).all()
            continue
        np.testing.assert_allclose(told[key][:as_of], values, rtol=1e-9, atol=1e-12)


@every_model
def test_what_is_planted_outranks_everything_else(name):
    """A hot spot; for a model of the low side, nine cells of a busier city that fall silent for four weeks."""
    found = answers(name, "silenced" if MODELS[name].side == "low" else "planted")
    last = found["evidence"][-1]
    top = (
        BLOCK if MODELS[name].temporal else [27]
    )  # the middle, where neighbours count; else each has a past of its own
    assert last[top].max() == last.max()
    assert last[27] > np.delete(last, BLOCK).max()
    if "log_p" in found:
        assert found["log_p"][-1].argmin() in BLOCK
        assert found["log_p"][-1, 27] < np.log(max(1e-6, 1.5 * MODELS[name]().least_p()))


@pytest.mark.parametrize("name", [name for name in WITH_NULL if MODELS[name].side == "low"])
def test_the_silence_of_a_busier_cell_is_more_surprising(name):
    """And that of an absurdly busy one still has a finite tail."""
    found = []
    for busy in (3, 30, 3000):
        counts = ordinary_counts()
        counts[:-28, 27] += busy
        counts[-28:, 27] = 0
        cube = city(counts, name)
        found.append(MODELS[name]().fit(cube).log_p(cube)[-1, 27])
    assert np.isfinite(found).all()
    assert found[0] > found[1] > found[2]


@pytest.mark.parametrize("name", [name for name in WITH_NULL if MODELS[name].side == "high"])
def test_surprise_goes_on_where_evidence_saturates(name):
    """Twice the hot spot is more surprising, and an absurd one still has a finite tail."""
    found = []
    for excess in (15, 40, 1000):
        counts = ordinary_counts()
        counts[-1, [27]] += excess
        cube = city(counts, name)
        found.append(MODELS[name]().fit(cube).log_p(cube)[-1, 27])
    assert np.isfinite(found).all()
    assert found[0] >= found[1] >= found[2]


@every_model
def test_details_are_facts_of_every_cell(name):
    model, cube = fitted(name, "planted")
    for key, values in model.details(cube).items():
        assert key.isidentifier()
        assert np.shape(values) == (N,), key
        assert values.dtype.kind != "f" or np.isfinite(values).all(), key


@every_model
def test_a_model_of_another_city_is_refused(name):
    model, cube = fitted(name, "ordinary")
    with pytest.raises(ValueError, match="fit"):
        model.evidence(cube.take_cells(np.arange(N - 1)))
