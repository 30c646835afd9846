"""Office files that are the same bytes whenever they are made."""

from __future__ import annotations

import zipfile
from io import BytesIO


def still(source: BytesIO) -> bytes:
    """The same archive with every part dated 1980, so that equal documents are equal bytes."""
    target = BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            entry = zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
            new.writestr(entry, old.read(info.filename))
    return target.getvalue()
