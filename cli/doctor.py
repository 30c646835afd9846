"""What a run needs of this machine, looked at one by one: each finding says what was seen and what to do."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .voice import both

REQUIREMENTS = Path(__file__).parents[1] / "plugin" / "engine" / "requirements.txt"
"""One package a line with its lowest version: what the packaging asks for, and the Engine page installs."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge", "firefox")
CHINESE_FONTS = ("msyh*", "simsun*", "PingFang*", "NotoSansCJK*", "NotoSansSC*", "SourceHanSans*", "wqy-*")
FONT_FOLDERS = (
    "{WINDIR}/Fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "{HOME}/.local/share/fonts",
)
NONE = "none found|未找到"
LITTLE_SPACE = 1.0
"""Gigabytes below which a run may not fit."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at, in words `English|中文`. `needed` ones that are not `ok` make the machine unfit."""

    name: str
    ok: bool
    needed: bool
    detail: str
    fix: str = ""


@dataclass(frozen=True)
class Package:
    """A package the engine needs: its lowest version ("" for any), the one installed ("" for none), whether it does."""

    name: str
    needed: str
    installed: str
    ok: bool


def examine(quick: bool = False) -> dict[str, Any]:
    """`fit`, `python` (version, executable), `packages` and `findings` as plain data; nothing stays on the disk.

    With *quick* without the run on tiny data.
    """
    packages = list(packages_of(REQUIREMENTS.read_text(encoding="utf-8")))
    findings = list(_findings(packages, quick))
    return {
        "fit": all(finding.ok for finding in findings if finding.needed),
        "python": {"version": platform.python_version(), "executable": sys.executable},
        "packages": [asdict(package) for package in packages],
        "findings": [_in_both(asdict(finding)) for finding in findings],
    }


def _in_both(finding: dict[str, Any]) -> dict[str, Any]:
    """The English words where they were, the Chinese ones under `name_zh`, `detail_zh` and `fix_zh`."""
    pairs = {part: both(finding[part]) for part in ("name", "detail", "fix")}
    english = {part: pair[0] for part, pair in pairs.items()}
    return {**finding, **english, **{f"{part}_zh": pair[1] for part, pair in pairs.items()}}


def packages_of(requirements: str) -> Iterator[Package]:
    """The packages of *requirements*, one `name>=version` or `name` a line, held against what is installed."""
    for line in requirements.split():
        name, _, needed = line.partition(">=")
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = ""
        yield Package(name, needed, installed, bool(installed) and _numbers(installed) >= _numbers(needed))


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: 2.1.0rc1 is (2, 1, 0)."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def _findings(packages: Sequence[Package], quick: bool) -> Iterator[Finding]:
    yield _python()
    yield _packages(packages)
    yield _guarded(
        "disk|磁盘",
        _disk,
        "Choose a folder on a disk with free space, or set TMPDIR.|请换用有空间的磁盘,或设置环境变量 TMPDIR。",
    )
    yield _guarded(
        "coordinates|坐标",
        _coordinates,
        "Install pyproj again; unset PROJ_LIB and PROJ_DATA.|请重新安装 pyproj,并取消 PROJ_LIB、PROJ_DATA。",
    )
    yield _browser()
    yield _fonts()
    if quick:
        return
    yield _guarded(
        "self-test|试运行",
        _self_test,
        "Install GridBeacon again; GRIDBEACON_DEBUG=1 gridbeacon doctor shows more."
        "|请重新安装 GridBeacon;GRIDBEACON_DEBUG=1 gridbeacon doctor 可查看详情。",
    )


def _guarded(name: str, look: Callable[[], tuple[bool, str]], fix: str) -> Finding:
    """The finding of a look that may itself fail; then its error is the detail."""
    try:
        ok, detail = look()
    except Exception as error:
        if os.environ.get("GRIDBEACON_DEBUG"):
            raise
        ok, detail = False, f"{type(error).__name__}: {error}".replace("|", "/")
    return Finding(name, ok, True, detail, "" if ok else fix)


def _python() -> Finding:
    ok = sys.version_info >= (3, 11)
    detail = f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}"
    fix = "" if ok else "Python 3.11 or newer is needed.|需要 Python 3.11 及以上。"
    return Finding("python|Python", ok, True, detail, fix)


def _packages(packages: Sequence[Package]) -> Finding:
    seen = ", ".join(f"{package.name} {package.installed}" for package in packages if package.installed)
    missing = [package.name for package in packages if not package.installed]
    old = [f"{p.name} {p.installed} (< {p.needed})" for p in packages if p.installed and not p.ok]
    told = [seen, f"missing: {', '.join(missing)}" if missing else "", f"too old: {', '.join(old)}" if old else ""]
    wanted = [f"{p.name}>={p.needed}" if p.needed else p.name for p in packages if not p.ok]
    fix = f"pip install {' '.join(wanted)}" if wanted else ""
    detail = "; ".join(part for part in told if part)
    chinese = detail.replace("; missing: ", ";缺少:").replace("; too old: ", ";版本过低:")
    return Finding("packages|软件包", not wanted, True, f"{detail}|{chinese}", fix)


def _disk() -> tuple[bool, str]:
    with tempfile.TemporaryDirectory(prefix="gridbeacon-") as folder:
        Path(folder, "网格.txt").write_text("烽燧", encoding="utf-8")
        free = shutil.disk_usage(folder).free / 1e9
    return free >= LITTLE_SPACE, f"{free:.1f} GB free where temporary files go|临时文件所在磁盘剩余 {free:.1f} GB"


def _coordinates() -> tuple[bool, str]:
    """UTM zone 50 has its middle at 117 degrees: there x is 500 km whatever the latitude."""
    transformer = import_module("pyproj").Transformer.from_crs(4326, 32650, always_xy=True)
    x, y = transformer.transform(117.0, 30.0)
    return abs(x - 500_000) < 0.01 and 3_318_000 < y < 3_320_000, (
        f"117°E 30°N is ({x:.0f}, {y:.0f}) in UTM 50N|东经117°、北纬30° 在 UTM 50N 中为 ({x:.0f}, {y:.0f})"
    )


def _browser() -> Finding:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if os.name == "nt" or sys.platform == "darwin":
        found = found or "the system's browser|系统浏览器"
    fix = "" if found else "Any browser opens the briefing.|任何浏览器都能打开晨报。"
    return Finding("browser|浏览器", bool(found), False, found or NONE, fix)


def _fonts() -> Finding:
    names = {"WINDIR": os.environ.get("WINDIR", "C:/Windows"), "HOME": str(Path.home())}
    folders = [folder.format(**names) for folder in FONT_FOLDERS]
    patterns = [(Path(folder), font) for folder in folders if Path(folder).is_dir() for font in CHINESE_FONTS]
    found = next((hit.name for folder, font in patterns for hit in folder.rglob(font)), "")
    advice = "Install a Chinese font (fonts-noto-cjk on Debian), or Chinese text shows as boxes."
    fix = "" if found else f"{advice}|请安装中文字体(Debian 为 fonts-noto-cjk),否则中文显示为方框。"
    return Finding("chinese font|中文字体", bool(found), False, found or NONE, fix)


def _self_test() -> tuple[bool, str]:
    from .sample import run_tiny_city

    with tempfile.TemporaryDirectory(prefix="gridbeacon-") as folder:
        outcome = run_tiny_city(Path(folder))
        rows = outcome.manifest["account"]["rows_used"]
        briefing = (outcome.out / "briefing.html").stat().st_size
    size = f"{briefing / 1000:.0f} kB"
    english = f"a run on {rows} made-up incidents wrote a briefing of {size}"
    return rows > 0, f"{english}|用{rows}件虚构事件试运行,生成晨报 {size}"
