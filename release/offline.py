"""One zip for a computer without a network: the plugin, the engine's packages unpacked, a sample city, a guide.

    python release/offline.py [windows] [linux] [--out dist]

Packages are resolved here for the system the zip is for, with the markers of that system, and every file in them is
compared with its package's own RECORD on the way into the zip. Same packages, same commit: same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "plugin" / "engine" / "requirements.txt"
GUIDE = ROOT / "release" / "guide.zh.html"
SAMPLE = ("incidents_2024.csv.zip", "incidents_2025.csv.zip", "cells.geojson.zip", "responsible.csv", "events.csv")
LONGEST = 180
"""Characters of a path inside the zip: Windows takes 260 in all, and the folder it is unpacked into needs some."""
MOMENT = (2000, 1, 1, 0, 0, 0)


class Target(NamedTuple):
    """The system a zip is for: its QGIS's Python, the platforms of pip, the markers of packages."""

    name: str
    version: str
    platforms: tuple[str, ...]
    markers: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """What markers are evaluated with."""
        python = {"python_version": self.version, "python_full_version": f"{self.version}.0", "extra": ""}
        return {**python, "implementation_name": "cpython", "platform_python_implementation": "CPython", **self.markers}


TARGETS = {
    "windows": Target(
        "windows",
        "3.12",
        ("win_amd64",),
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    ),
    "linux": Target(
        "linux",
        "3.11",
        tuple(f"manylinux_2_{minor}_x86_64" for minor in range(36, 16, -1)),
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    ),
}
"""Windows: the Python of QGIS 3.40 there. Linux: the one of Debian 12, with QGIS 3.22 or 3.40 from backports."""


def scripts() -> Any:
    """The plugin's own reader of wheels: what it would refuse is not packed."""
    spec = importlib.util.spec_from_file_location("wheels", ROOT / "plugin" / "engine" / "scripts" / "wheels.py")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def download(target: Target, wanted: list[str], folder: Path) -> None:
    """Fetch wheels of *wanted*, and of what they need as far as pip can tell from here."""
    platforms = [part for platform in target.platforms for part in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--only-binary=:all:"]
    choice = ["--python-version", target.version, "--implementation", "cp", *platforms, "-d", str(folder)]
    subprocess.run([*command, *choice, *wanted], check=True)


def resolve(target: Target, folder: Path) -> list[Path]:
    """The wheels of everything the engine needs on *target*.

    pip evaluates markers for the machine it runs on, so what only the target needs is asked for until nothing is left.
    """
    wanted = REQUIREMENTS.read_text(encoding="utf-8").split()
    while True:
        download(target, wanted, folder)
        found = {canonicalize_name(parse_wheel_filename(path.name)[0]): path for path in sorted(folder.glob("*.whl"))}
        needed, missing = closure(target, wanted, found)
        if not missing:
            return [found[name] for name in sorted(needed)]
        wanted += sorted(missing)


def closure(target: Target, wanted: list[str], found: dict[str, Path]) -> tuple[set[str], set[str]]:
    """Names of the packages needed on *target* that are found, and of those that are not."""
    needed: set[str] = set()
    missing: set[str] = set()
    queue = [Requirement(text) for text in wanted]
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if name in needed or (requirement.marker and not requirement.marker.evaluate(target.environment)):
            continue
        if name not in found:
            missing.add(name)
            continue
        needed.add(name)
        queue += [Requirement(text) for text in metadata(found[name]).get_all("Requires-Dist") or ()]
    return needed, missing


def metadata(wheel: Path) -> Any:
    """The METADATA of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        return message_from_string(archive.read(name).decode("utf-8"))


def members(target: Target, wheels: list[Path], plugin: Path, guide: Path) -> Iterator[tuple[str, bytes]]:
    """(path, content) of everything in the zip but its list of checksums."""
    yield "gridbeacon.zip", plugin.read_bytes()
    for path in sorted(guide.rglob("*")):
        if path.is_file():
            yield path.relative_to(guide).as_posix(), path.read_bytes()
    for name in SAMPLE:
        yield f"sample_city/{name}", (ROOT / "sample_data" / name).read_bytes()
    lines = [f"{path.name}  sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in wheels]
    yield "packages.txt", "".join(lines).encode()
    reader = scripts()
    for wheel in wheels:
        yield from ((f"packages/{name}", data) for name, data in unpacked(reader, wheel))


def unpacked(reader: Any, wheel: Path) -> Iterator[tuple[str, bytes]]:
    """(path, content) of what a wheel puts into the folder of packages, each compared with the wheel's RECORD."""
    with zipfile.ZipFile(wheel) as archive:
        entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
        record = next(name for name in entries if re.fullmatch(r"[^/]+\.dist-info/RECORD", name))
        sums = reader.sums_of(archive.read(record).decode("utf-8"))
        for name in sorted(entries):
            place, data = reader.place_of(name), archive.read(name)
            if place is None:
                continue
            if sums.get(name):
                reader.compare(sums, name, hashlib.sha256(data).digest(), wheel.name)
            yield place.as_posix(), data


def pack(path: Path, top: str, content: Iterator[tuple[str, bytes]]) -> int:
    """Write the zip complete or not at all, with a SHA256SUMS of all that is in it; returns the number of files."""
    beside, sums, seen = path.with_name(path.name + ".part"), [], set()
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in content:
            if name in seen or len(name) > LONGEST:
                raise SystemExit(f"{name}: twice in the zip, or too long for Windows")
            seen.add(name)
            sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
            put(archive, f"{top}/{name}", data)
        put(archive, f"{top}/SHA256SUMS", "".join(sorted(sums, key=lambda line: line[66:])).encode())
    beside.replace(path)
    return len(seen) + 1


def put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """One member with a fixed date and plain permissions."""
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.external_attr, entry.compress_type, entry.create_system = 0o644 << 16, zipfile.ZIP_DEFLATED, 3
    archive.writestr(entry, data)


def make_plugin(path: Path) -> None:
    """The plugin's zip from the last commit, as `make plugin` makes it."""
    command = ["git", "archive", "--format=zip", "--prefix=gridbeacon/", "-o", str(path), "HEAD"]
    subprocess.run(command, cwd=ROOT, check=True)


def make_guide(folder: Path) -> None:
    """The guide as a page with its pictures, and as PDF where this machine has a Chromium."""
    page = GUIDE.read_text(encoding="utf-8")
    for picture in sorted(set(re.findall(r'src="\.\./docs/([^"]+)"', page))):
        (folder / "guide").mkdir(exist_ok=True)
        shutil.copy(ROOT / "docs" / picture, folder / "guide" / picture)
    (folder / "guide.zh.html").write_text(page.replace('src="../docs/', 'src="guide/'), encoding="utf-8", newline="\n")
    chromium = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
    )
    if not chromium:
        print("no Chromium here: the guide goes without its PDF", file=sys.stderr)
        return
    print_page(chromium, folder / "guide.zh.html", folder / "guide.zh.pdf")


def print_page(chromium: str, page: Path, target: Path) -> None:
    """Print a page on A4; the moments that Chromium writes into the PDF are taken out."""
    with tempfile.TemporaryDirectory() as profile:
        quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}"]
        offline = ["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--no-pdf-header-footer"]
        command = [chromium, *quiet, *offline, f"--print-to-pdf={target}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    dated = target.read_bytes()
    target.write_bytes(re.sub(rb"\(D:\d{14}", b"(D:20000101000000", dated))


def main() -> None:
    """Make the zips asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="windows|linux", help="default: both")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    options = parser.parse_args()
    if set(options.targets) - set(TARGETS):
        parser.error(f"known are {', '.join(TARGETS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.targets or TARGETS:
        target = TARGETS[name]
        with tempfile.TemporaryDirectory() as scratch:
            plugin, guide, wheels = (Path(scratch) / part for part in ("gridbeacon.zip", "guide", "wheels"))
            guide.mkdir()
            make_plugin(plugin)
            make_guide(guide)
            found = resolve(target, wheels)
            path = options.out / f"gridbeacon-offline-{name}.zip"
            number = pack(path, path.stem, members(target, found, plugin, guide))
        size = path.stat().st_size / 1e6
        print(f"{path}: {size:.0f} MB, {number} files, {len(found)} packages for Python {target.version}")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
