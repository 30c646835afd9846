"""Makes a folder of packages out of wheel files, or looks over an unpacked one. Needs neither pip nor a network.

    python -I wheels.py SOURCE TARGET REQUIREMENTS

Wheels have to fit this Python (its tags), and the checksums have to agree: of the files where SOURCE or the folder
above has a SHA256SUMS, and of everything inside by each package's own RECORD. Speaks the engine's JSON lines on stderr.
On its own, with the standard library of any Python from 3.9 on.
"""

import base64
import csv
import hashlib
import json
import os
import platform
import re
import sys
import sysconfig
import zipfile
from pathlib import Path, PurePosixPath

SUMS = "SHA256SUMS"
CHUNK = 1 << 20


class Refused(Exception):
    """Why the folder cannot be used: (problem, problem_zh, where, fix, fix_zh)."""


def say(**message):
    print(json.dumps(message, ensure_ascii=False), file=sys.stderr, flush=True)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def release(version):
    return tuple(int(part) for part in re.match(r"\d+(?:\.\d+)*", version or "0").group().split("."))


def fits(tag):
    """Whether a wheel of *tag* (`cp312-cp312-win_amd64`, sets joined by dots) runs on this Python."""
    pythons, abis, platforms = (set(part.split(".")) for part in tag.split("-"))
    here = sys.version_info[1]
    own = f"cp3{here}"
    plain = bool(pythons & {"py3", own, f"py3{here}"}) and "none" in abis
    exact = own in pythons and own in abis
    stable = "abi3" in abis and any(re.fullmatch(r"cp3\d+", python) and int(python[3:]) <= here for python in pythons)
    return (plain or exact or stable) and any(fits_platform(name) for name in platforms)


def fits_platform(name):
    """Whether compiled code for the platform *name* runs here."""
    own = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    if name in ("any", own):
        return True
    machine = platform.machine().lower()
    linux = re.fullmatch(r"manylinux_(\d+)_(\d+)_(.+)", name.replace("manylinux2014", "manylinux_2_17"))
    if linux and sys.platform == "linux":
        glibc = release(platform.libc_ver()[1])
        return linux[3] == machine and (int(linux[1]), int(linux[2])) <= glibc[:2]
    mac = re.fullmatch(r"macosx_(\d+)_(\d+)_(.+)", name)
    if mac and sys.platform == "darwin":
        return mac[3] in (machine, "universal2") and (int(mac[1]), int(mac[2])) <= release(platform.mac_ver()[0])[:2]
    return False


def named(path):
    """(normal name, version, tag) of a wheel's file name; None where it is no wheel's."""
    parts = path.stem.split("-")
    if len(parts) not in (5, 6):
        return None
    return normal(parts[0]), parts[1], "-".join(parts[-3:])


def wheels_that_fit(folder):
    """The newest fitting wheel of every package in *folder*. Raises Refused where a package has none that fits."""
    best, misfits = {}, {}
    for path in sorted(folder.glob("*.whl")):
        name, version, tag = named(path) or (None, "", "")
        if name is None:
            continue
        if not fits(tag):
            misfits[name] = path.name
        elif name not in best or release(version) > release(best[name][0]):
            best[name] = (version, path)
    wrong = sorted(file for name, file in misfits.items() if name not in best)
    if wrong:
        here = f"cp3{sys.version_info[1]}, {sysconfig.get_platform()}"
        raise Refused(
            f"{len(wrong)} wheels do not fit this Python ({here}), the first one is {wrong[0]}",
            f"有{len(wrong)}个 wheel 与此 Python({here})不符,第一个是 {wrong[0]}",
            str(folder),
            "Take the folder made for this system and this version of Python.",
            "请使用为本系统和此 Python 版本准备的文件夹。",
        )
    return {name: path for name, (_, path) in best.items()}


def check_sums(folder, paths):
    """Compare wheel files with SHA256SUMS, where there is one. Raises Refused."""
    place = next((base for base in (folder, folder.parent) if (base / SUMS).is_file()), None)
    if place is None:
        return
    lines = (place / SUMS).read_text(encoding="utf-8").splitlines()
    listed = {PurePosixPath(line[66:].lstrip("*")): line[:64].lower() for line in lines if len(line) > 66}
    for number, path in enumerate(paths):
        say(fraction=0.1 * number / len(paths), text="Checking the files", text_zh="校验文件")
        if listed.get(PurePosixPath(path.relative_to(place).as_posix())) != digest_of(path).hex():
            raise Refused(
                f"{path.name} is not the file that {SUMS} lists",
                f"{path.name} 与 {SUMS} 所列不符",
                str(place / SUMS),
                "The file was damaged or changed on the way: copy the folder again.",
                "文件在传递中损坏或被改动:请重新复制整个文件夹。",
            )


def digest_of(path):
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(CHUNK), b""):
            digest.update(block)
    return digest.digest()


def encoded(digest):
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def leads_out(name):
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name


def place_of(name):
    """Where a wheel's member belongs in the folder; None where it is not needed. Raises Refused where it leads out."""
    path = PurePosixPath(name)
    if leads_out(name):
        raise Refused(
            f"a wheel wants to write outside the folder: {name}",
            f"有 wheel 企图写到文件夹之外:{name}",
            name,
            "Do not use this folder. Get the wheels again from where you trust.",
            "请勿使用此文件夹,请从可信来源重新获取。",
        )
    if path.parts and path.parts[0].endswith(".data"):
        inside = path.parts[1:]
        return Path(*inside[1:]) if len(inside) > 1 and inside[0] in ("purelib", "platlib") else None
    return Path(*path.parts)


def unpack(wheel, target):
    """Write what is in *wheel* under *target*, each member compared with the wheel's RECORD. Raises Refused."""
    with zipfile.ZipFile(wheel) as archive:
        names = [entry for entry in archive.infolist() if not entry.is_dir()]
        record = next((entry for entry in names if re.fullmatch(r"[^/]+\.dist-info/RECORD", entry.filename)), None)
        if record is None:
            raise damaged(wheel.name, "RECORD")
        sums = sums_of(archive.read(record).decode("utf-8"))
        for entry in names:
            place = place_of(entry.filename)
            if place is None:
                continue
            data = archive.read(entry)
            if entry is not record and not entry.filename.endswith((".jws", ".p7s")):
                compare(sums, entry.filename, hashlib.sha256(data).digest(), wheel.name)
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            (target / place).write_bytes(data)


def sums_of(text):
    return {row[0]: row[1] for row in csv.reader(text.splitlines()) if len(row) > 1}


def compare(sums, name, digest, where):
    if sums.get(name) != encoded(digest):
        raise damaged(where, name)


def damaged(where, name):
    return Refused(
        f"{name} is not what the package says it should be",
        f"{name} 与软件包自带的校验值不符",
        where,
        "The file was damaged or changed on the way: copy the folder again.",
        "文件在传递中损坏或被改动:请重新复制整个文件夹。",
    )


def look_over(folder, infos):
    """Check an unpacked folder where it lies: each package fits, each file is what RECORD says. Raises Refused."""
    for number, info in enumerate(infos):
        say(fraction=number / len(infos), text=f"Checking {info.name}", text_zh=f"校验 {info.name}")
        tags = re.findall(r"(?m)^Tag: (\S+)", (info / "WHEEL").read_text(encoding="utf-8"))
        if not any(fits(tag) for tag in tags):
            raise Refused(
                f"{info.name} is made for {', '.join(tags[:2])}, not for this Python "
                f"(cp3{sys.version_info[1]}, {sysconfig.get_platform()})",
                f"{info.name} 适用于 {'、'.join(tags[:2])},与此 Python"
                f"(cp3{sys.version_info[1]}、{sysconfig.get_platform()})不符",
                str(folder),
                "Take the folder made for this system and this version of Python.",
                "请使用为本系统和此 Python 版本准备的文件夹。",
            )
        for name, known in sums_of((info / "RECORD").read_text(encoding="utf-8")).items():
            if leads_out(name):  # a program that pip has put beside the folder: nothing of ours
                continue
            place = place_of(name)
            if known and place is not None:
                path = folder / place
                if not path.is_file() or encoded(digest_of(path)) != known:
                    raise damaged(info.name, name)


def check_complete(folder, requirements):
    """Every package asked for is there in a version that serves, and what it needs in turn. Raises Refused."""
    there, needed = {}, {}
    for line in Path(requirements).read_text(encoding="utf-8").splitlines():
        name, _, floor = line.split("#")[0].strip().partition(">=")
        if name.strip():
            needed[normal(name.strip())] = floor.strip()
    for info in folder.glob("*.dist-info"):
        name, version = info.name[: -len(".dist-info")].rsplit("-", 1)
        there[normal(name)] = version
        for line in re.findall(r"(?m)^Requires-Dist: (.+)$", (info / "METADATA").read_text(encoding="utf-8")):
            if ";" not in line:
                needed.setdefault(normal(re.match(r"[\w.-]+", line).group()), "")
    lacking = [name for name, floor in needed.items() if release(there.get(name)) < release(floor) or name not in there]
    if lacking:
        raise Refused(
            f"packages are missing or too old: {', '.join(sorted(lacking))}",
            f"缺少软件包或版本过低:{'、'.join(sorted(lacking))}",
            str(folder),
            "Add their wheels to the folder, or take the complete one.",
            "请把它们的 wheel 放进该文件夹,或使用完整的文件夹。",
        )


def source_of(given):
    """The folder that holds the wheels or the packages: the one named, or the obvious one inside it."""
    for folder in (given, given / "packages", given / "wheels"):
        if any(folder.glob("*.whl")) or any(folder.glob("*.dist-info")):
            return folder
    raise Refused(
        "there is neither a wheel nor an unpacked package in this folder",
        "此文件夹中既没有 wheel 文件,也没有已解开的软件包",
        str(given),
        "Choose the folder `packages` of the unpacked offline bundle, or one with files ending in .whl.",
        "请选择离线包解压后的 packages 文件夹,或存有 .whl 文件的文件夹。",
    )


def make(source, target, requirements):
    """The folder of packages that is ready: *target* filled from wheels, or the unpacked *source* itself."""
    if sys.version_info < (3, 11):
        raise Refused(
            f"this Python is {platform.python_version()}, and the engine needs 3.11 or newer",
            f"此 Python 为 {platform.python_version()},计算引擎需要 3.11 或更高版本",
            sys.executable,
            "Name a newer Python on the Engine page, or use a newer QGIS.",
            "请在“计算引擎”窗口指定较新的 Python,或使用较新的 QGIS。",
        )
    folder = source_of(source)
    infos = sorted(folder.glob("*.dist-info"))
    if infos:
        check_complete(folder, requirements)
        look_over(folder, infos)
        return folder
    wheels = wheels_that_fit(folder)
    check_sums(folder, list(wheels.values()))
    for number, (name, wheel) in enumerate(sorted(wheels.items())):
        say(fraction=0.1 + 0.9 * number / len(wheels), text=f"Unpacking {name}", text_zh=f"解包 {name}")
        unpack(wheel, target)
    check_complete(target, requirements)
    return target


def main():
    if hasattr(os, "setsid") and os.getpgrp() != os.getpid():
        os.setsid()
    names = ("problem", "problem_zh", "where", "fix", "fix_zh")
    try:
        folder = make(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except Refused as refused:
        say(error=dict(zip(names, refused.args), exit_code=2))  # noqa: B905 - Python 3.9
        return 2
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        texts = (f"the folder cannot be read: {error}", f"无法读取文件夹:{error}", sys.argv[1])
        say(error=dict(zip(names, (*texts, "Copy it again.", "请重新复制。")), exit_code=2))  # noqa: B905
        return 2
    say(done={"out": str(folder)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
