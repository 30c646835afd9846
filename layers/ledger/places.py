"""Where a ledger may lie: a local disk, never a network drive. Standard library only."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

from ..refusals import refusal

_MOUNTS = Path("/proc/self/mountinfo")
_REMOTE = frozenset(
    "nfs nfs4 cifs smb smb2 smb3 smbfs ncpfs afs ceph coda glusterfs lustre beegfs ocfs2 gfs2 davfs "
    "fuse.sshfs fuse.cifs fuse.smbnetfs fuse.glusterfs fuse.ceph fuse.davfs2 fuse.rclone fuse.s3fs fuse.gvfsd-fuse "
    "fuse.nfs fuse.curlftpfs".split()
)
"""File systems whose locks or delayed writes SQLite cannot lean on."""

_DRIVE_REMOTE = 4
_ESCAPED = re.compile(r"\\([0-7]{3})")


def refuse_network(path: Path) -> None:
    """Raise InputError if *path* would lie on a network drive: its locks and its "written" cannot be trusted."""
    kind = network_kind(str(path))
    if kind:
        raise refusal("E-LEDGER-018", where=str(path), kind=kind)


def network_kind(path: str, windows: bool = os.name == "nt") -> str:
    """What kind of network place *path* is: `UNC`, the file system's name, `remote drive`; empty if it is local."""
    if _is_unc(path, windows):
        return "UNC"
    if windows:
        root = Path(path).absolute().drive + "\\"
        return "remote drive" if drive_type(root) == _DRIVE_REMOTE else ""
    if not _MOUNTS.exists():
        return ""
    return remote_mount(os.path.realpath(path), _MOUNTS.read_text(encoding="utf-8", errors="replace"))


def _is_unc(path: str, windows: bool) -> bool:
    r"""Whether it names a server: \\server\share, \\?\UNC\server; but \\?\C:\ and \\.\ are of this machine."""
    text = path.replace("/", "\\") if windows else path
    if not text.startswith("\\\\"):
        return False
    return not text.startswith(("\\\\?\\", "\\\\.\\")) or text.upper().startswith("\\\\?\\UNC\\")


def drive_type(root: str) -> int:
    """What Windows says of a drive's *root*."""
    return int(ctypes.windll.kernel32.GetDriveTypeW(root))  # type: ignore[attr-defined]


def remote_mount(path: str, mounts: str) -> str:
    """The file system of the mount that holds *path* if it is a remote one; *mounts* as Linux lists them."""
    best, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), before.split(" ")[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind if kind in _REMOTE else ""
