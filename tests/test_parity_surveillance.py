"""EARS, the CDC's method and Farrington beside R surveillance: published series, and golden files of `make oracles`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gridbeacon.models.anomaly.ears import cdc_bounds, ears_bounds
from gridbeacon.models.anomaly.foretell import Foretold, farrington_1996, foretell, plugin_log_p, upper_bound
from gridbeacon.models.anomaly.reference_weeks import reference_weeks, same_week
from parity import agree

pytestmark = pytest.mark.parity
GOLDEN = Path(__file__).parent / "golden"
R = "R surveillance 1.20.3"
PUBLISHED = ["salmonella.agona", "hepatitisA", "m1", "q2", "salmNewport_total"]
NOUFAILY = {"years": 4, "half_width": 3, "seasons": 10, "recent": 26}


def agrees(what: str, ours: object, theirs: object, within: float = 1e-6, **how: object) -> None:
    agree("EARS and Farrington", what, ours, theirs, source=R, within=within, **how)


@pytest.fixture(scope="module")
def surveillance(shared_data: Path) -> Path:
    return shared_data / "reference" / "surveillance"


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "surveillance_series.csv", skip_blank_lines=False)


def series_of(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """(n_weeks, 1) counts, and the weeks' dates where the oracle worked with dates."""
    if name != "salmNewport_total":
        return pd.read_csv(folder / f"{name}.csv")[lambda table: [table.columns[3]]].to_numpy(float), None
    table = pd.read_csv(folder / "salmNewport_weekly_16states.csv")
    return table[["total"]].to_numpy(float), table["date"].to_numpy("datetime64[D]")


def enough(counts: np.ndarray, week: int, cases: int = 5) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return counts[week - 3 : week + 1].sum(axis=0) >= cases


def flexible(counts, week, years, half_width, seasons, recent, dates=None, surge=2.58, trend_p=1.0) -> Foretold:
    reference = reference_weeks(week, same_week(week, years, dates), half_width, seasons, recent)
    return foretell(counts, reference, years, surge, trend_p)


def flexible_bounds(counts, weeks, method, alpha, dates=None, surge=2.58, trend_p=1.0, **reference) -> np.ndarray:
    """(n,) the bound of one series where it has five cases in four weeks, else NaN, as R does."""
    bounds = []
    for week in weeks:
        told = flexible(counts, week, **reference, dates=dates, surge=surge, trend_p=trend_p)
        bounds.append(np.where(enough(counts, week), upper_bound(told, method, alpha), np.nan)[0])
    return np.array(bounds)


def same_bounds_and_alarms(what: str, counts: np.ndarray, ours: np.ndarray, theirs: pd.DataFrame) -> None:
    """Where R has no bound we have none, the others agree, and so do all alarms."""
    known = theirs["upper"].notna().to_numpy()
    np.testing.assert_array_equal(np.isfinite(ours), known)
    agrees(f"{what}: upper bounds", ours[known], theirs["upper"].to_numpy()[known])
    alarm = theirs["alarm"].astype(str).isin(["True", "TRUE", "1", "1.0"]).to_numpy()
    agrees(f"{what}: weeks with an alarm", np.flatnonzero(counts > ours), np.flatnonzero(alarm))


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
def test_ears_on_published_series(surveillance, name, method):
    theirs = pd.read_csv(surveillance / f"{name}_ears{method}.csv")
    counts, _ = series_of(surveillance, name)
    rows = theirs["t"].to_numpy() - 1
    same_bounds_and_alarms(
        f"EARS {method}, {name}", counts[rows, 0], ears_bounds(counts, (method,))[method][rows, 0], theirs
    )


def test_ears_of_the_vignette(surveillance):
    theirs = pd.read_csv(surveillance / "salmNewport2011_earsC1_a05.csv")
    counts, _ = series_of(surveillance, "salmNewport_total")
    ours = ears_bounds(counts, ("C1",), alpha=0.05)["C1"][365:417, 0]
    same_bounds_and_alarms("EARS C1, alpha .05, salmNewport 2011", counts[365:417, 0], ours, theirs)


AGONA = {
    ("C1", 0.001): (3, [9.2751, 8.8812, 10.6757, 10.2751]),
    ("C2", 0.001): (4, [8.9045, 9.4502, 9.2751, 8.8812]),
    ("C3", 0.001): (6, [9.7616, 12.8788, 10.1171, 13.4670]),
    ("C3", 0.025): (8, [7.6543, 10.7286, 8.0833, 11.5249]),
}


@pytest.mark.parametrize(("method", "alpha"), AGONA)
def test_printed_numbers_of_ears(surveillance, method, alpha):
    """Four decimals as printed, last 52 weeks of salmonella.agona."""
    counts, _ = series_of(surveillance, "salmonella.agona")
    ours = ears_bounds(counts, (method,), alpha=alpha)[method][-52:, 0]
    alarms, printed = AGONA[method, alpha]
    agrees(f"EARS {method}, alpha {alpha}, salmonella.agona: printed bounds", ours[:4], printed, within=5.01e-5)
    agrees(f"EARS {method}, alpha {alpha}, salmonella.agona: alarms", int((counts[-52:, 0] > ours).sum()), alarms)


def test_the_method_of_the_cdc(surveillance, simulated):
    counts, _ = series_of(surveillance, "salmonella.agona")
    sums, upper = cdc_bounds(counts, years=4)
    agrees("CDC, b 4, m 1, alpha .025, salmonella.agona: alarms", int((sums > upper)[-52:].sum()), 6)
    theirs = pd.read_csv(GOLDEN / "surveillance_ears.csv")
    names = theirs["series"].unique()
    sums, upper = cdc_bounds(simulated[names].to_numpy(float))
    agrees("CDC, simulated: bounds", upper[300:].T.ravel(), theirs["cdc_upper"].to_numpy(), within=1e-7)
    agrees("CDC, simulated: alarms", (sums > upper)[300:].T.ravel().astype(int), theirs["cdc_alarm"].to_numpy())


@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
def test_ears_on_simulated_series(simulated, method):
    theirs = pd.read_csv(GOLDEN / "surveillance_ears.csv")
    counts = simulated[theirs["series"].unique()].to_numpy(float)
    ours = ears_bounds(counts, (method,), min_sigma=0.5 if method == "C3" else 0.0)[method]
    agrees(f"EARS {method}, simulated: bounds", ours[300:].T.ravel(), theirs[f"{method}_upper"].to_numpy())
    alarms = (counts > ours)[300:].T.ravel().astype(int)
    agrees(f"EARS {method}, simulated: alarms", alarms, theirs[f"{method}_alarm"].to_numpy())


@pytest.mark.parametrize("method", ["nbPlugin", "delta"])
def test_printed_numbers_of_farrington(surveillance, method):
    """salmonella.agona, last 52 weeks, b 4, alpha .05: printed expected counts, bounds and number of alarms."""
    counts, _ = series_of(surveillance, "salmonella.agona")
    weeks = range(260, 312)
    bounds = flexible_bounds(counts, weeks, method, 0.05, **NOUFAILY)
    printed = {"nbPlugin": [3, 3, 3, 3, 3], "delta": [2.9561, 2.9607, 2.8168, 2.8838, 2.8644]}[method]
    expected = [flexible(counts, week, **NOUFAILY).mean[0] for week in weeks[:5]]
    first = [upper_bound(flexible(counts, week, **NOUFAILY), method, 0.05)[0] for week in weeks[:5]]
    agrees(f"Farrington flexible {method}, salmonella.agona: printed bounds", first, printed, within=5.01e-5)
    printed = [0.6276, 0.6472, 0.6119, 0.6393, 0.6313]
    agrees(f"Farrington flexible {method}, salmonella.agona: printed expected", expected, printed, within=5.01e-5)
    agrees(f"Farrington flexible {method}, salmonella.agona: alarms", int((counts[260:, 0] > bounds).sum()), 7)


def test_farrington_on_salmonella_newport(surveillance):
    counts, dates = series_of(surveillance, "salmNewport_total")
    theirs = pd.read_csv(surveillance / "salmNewport_total_farringtonFlexible.csv")
    rows = theirs["t"].to_numpy() - 1
    ours = flexible_bounds(counts, rows, "nbPlugin", 0.01, dates=dates, **NOUFAILY)
    same_bounds_and_alarms("Farrington flexible nbPlugin, salmNewport", counts[rows, 0], ours, theirs)


VIGNETTE = {
    "c1": {"seasons": 1, "recent": 3, "surge": 1.0, "trend_p": 0.05},
    "c2": {"seasons": 10, "recent": 26, "surge": 2.58, "trend_p": 1.0},
}


@pytest.mark.parametrize("control", VIGNETTE)
def test_farrington_of_the_vignette(surveillance, control):
    counts, dates = series_of(surveillance, "salmNewport_total")
    theirs = pd.read_csv(surveillance / f"salmNewport2011_farringtonFlexible_{control}.csv")
    setting = {"years": 4, "half_width": 3, **VIGNETTE[control]}
    ours = flexible_bounds(counts, range(365, 417), "delta", 0.05, dates=dates, **setting)
    same_bounds_and_alarms(f"Farrington flexible {control}, salmNewport 2011", counts[365:417, 0], ours, theirs)


def original_bounds(counts: np.ndarray, weeks: np.ndarray, years: int, dates: np.ndarray | None = None) -> np.ndarray:
    """(n_weeks, n_series); 0 where there are fewer than five cases in four weeks, as R does."""
    rows = []
    for week in weeks:
        upper, _ = farrington_1996(counts, week, same_week(week, years, dates), 3, 0.01)
        rows.append(np.where(enough(counts, week), upper, 0.0))
    return np.array(rows)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_method_of_1996_on_published_series(surveillance, name):
    counts, dates = series_of(surveillance, name)
    theirs = pd.read_csv(surveillance / f"{name}_farrington.csv")
    rows = theirs["t"].to_numpy() - 1
    ours = original_bounds(counts, rows, 4, dates)[:, 0]
    agrees(f"Farrington 1996, {name}: bounds", ours, theirs["upper"].to_numpy())
    alarms = (ours > 0) & (counts[rows, 0] > ours)
    agrees(f"Farrington 1996, {name}: weeks with an alarm", np.flatnonzero(alarms), np.flatnonzero(theirs["alarm"]))


def test_the_method_of_1996_on_simulated_series(simulated):
    theirs = pd.read_csv(GOLDEN / "surveillance_ears.csv")
    counts = simulated[theirs["series"].unique()].to_numpy(float)
    ours = original_bounds(counts, np.arange(300, 340), 5).T.ravel()
    agrees("Farrington 1996, simulated: bounds", ours, theirs["farrington_upper"].to_numpy())
    alarms = (ours > 0) & (counts[300:].T.ravel() > ours)
    agrees("Farrington 1996, simulated: alarms", alarms.astype(int), theirs["farrington_alarm"].to_numpy())


DATES = np.datetime64("2008-01-07") + 7 * np.arange(340)
SIMULATED = {
    "noufaily": ({**NOUFAILY, "years": 5}, "nbPlugin", 0.01),
    "noufaily_dated": ({**NOUFAILY, "dates": DATES}, "nbPlugin", 0.01),
    "two_years": ({**NOUFAILY, "years": 2}, "nbPlugin", 0.01),
    "delta": ({**NOUFAILY, "trend_p": 0.05}, "delta", 0.05),
    "muan": ({"years": 5, "half_width": 2, "seasons": 8, "recent": 20}, "muan", 0.05),
    "r_defaults": ({"years": 5, "half_width": 3, "seasons": 1, "recent": 3, "trend_p": 0.05}, "delta", 0.05),
}


@pytest.mark.parametrize("config", SIMULATED)
def test_farrington_on_simulated_series(simulated, config):
    """Twelve series: empty, rare, sparse, clustered, dense, rising, falling, a past storm, begun late, with gaps."""
    theirs = pd.read_csv(GOLDEN / f"surveillance_farrington_{config}.csv")
    counts, (setting, method, alpha) = simulated.to_numpy(float), SIMULATED[config]
    told = [flexible(counts, week, **setting) for week in range(300, 340)]
    side = {name: np.array([getattr(one, name) for one in told]).T.ravel() for name in ("mean", "dispersion", "trend")}
    upper = np.array([upper_bound(one, method, alpha) for one in told]).T.ravel()
    fitted = theirs["phi"].notna().to_numpy()
    agrees(f"Farrington {config}: series whose fit converged", np.isfinite(side["mean"]), fitted)
    agrees(f"Farrington {config}: trend used", side["trend"][fitted].astype(int), theirs["trend"][fitted].astype(int))
    agrees(f"Farrington {config}: dispersion", side["dispersion"][fitted], theirs["phi"][fitted], relative=True)
    bound = theirs["upper"].notna().to_numpy()
    agrees(f"Farrington {config}: upper bounds", upper[bound], theirs["upper"][bound], relative=True)
    alarm = np.zeros(len(theirs), dtype=int)
    alarm[bound] = (counts[300:].T.ravel() > upper)[bound]
    agrees(f"Farrington {config}: alarms", alarm, theirs["alarm"].fillna(0).astype(int))
    # R dates what it foretells from the first week that is not missing: one week of the dated series with gaps is off
    within = 0.01 if config == "noufaily_dated" else 1e-6
    agrees(
        f"Farrington {config}: expected", side["mean"][bound], theirs["expected"][bound], within=within, relative=True
    )
    if method == "nbPlugin":
        p = np.array([plugin_log_p(one, np.nan_to_num(counts[300 + i])) for i, one in enumerate(told)]).T.ravel()
        known = fitted & np.isfinite(counts[300:].T.ravel())
        agrees(f"Farrington {config}: p-values", np.exp(p[known]), theirs["p_value"][known], within=within)
