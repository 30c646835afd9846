"""Folders, tables, reports, records and ledgers that cannot be written or read."""

from __future__ import annotations

RESULTS: dict[str, tuple[str, str, str, str]] = {
    "E-OUT-001": (
        "the folder {folder} is already there",
        "文件夹{folder}已存在",
        "Name another folder with --out, or add --replace to put this run in its place.",
        "用 --out 指定另一个文件夹,或加 --replace 用本次结果替换。",
    ),
    "E-OUT-002": (
        "the folder {folder} is not replaced, because {why}",
        "文件夹{folder}未被替换:{why}",
        "Move your own files elsewhere, or name another folder with --out.",
        "把自己的文件移到别处,或用 --out 指定另一个文件夹。",
    ),
    "E-OUT-003": (
        "the folder {folder} cannot be replaced, because a file in it is open or protected",
        "文件夹{folder}无法替换:其中有文件被打开或受保护",
        "Close it in Excel, Word, QGIS or the file manager, and run again. The older run is untouched.",
        "在Excel、Word、QGIS或文件管理器中关闭后重新运行。原有结果未受影响。",
    ),
    "E-OUT-004": (
        "the disk is full",
        "磁盘已满",
        "Free some space or name another folder; nothing was left.",
        "腾出空间或指定另一个文件夹;没有留下任何残余。",
    ),
    "E-OUT-005": (
        "the folder {folder} cannot be written: {why}",
        "文件夹{folder}无法写入:{why}",
        "Check that the folder may be written, or name another one with --out.",
        "检查文件夹的写入权限,或用 --out 指定另一个。",
    ),
    "E-OUT-006": (
        "the ending names no table format",
        "文件名的结尾不是数据表格式",
        "Use {endings}.",
        "使用{endings}。",
    ),
    "E-OUT-007": (
        "the folder does not exist",
        "文件夹不存在",
        "Make it first, or choose another.",
        "先建立,或选择另一个。",
    ),
    "E-OUT-008": (
        "the file exists already",
        "文件已存在",
        "Choose another name, or pass --replace.",
        "换一个名称,或加 --replace。",
    ),
    "E-OUT-009": (
        "there is a report already",
        "已有一份报告",
        "Name another folder, or pass --replace.",
        "指定另一个文件夹,或加 --replace。",
    ),
    "E-OUT-010": (
        "the report cannot be written",
        "报告无法写入",
        "Check free space and permissions.",
        "检查剩余空间和权限。",
    ),
    "E-OUT-011": (
        "the units of the briefing have no coordinate system or no rows",
        "简报的单元没有坐标系或没有行",
        "Pass the table of read_cells or make_cells.",
        "传入read_cells或make_cells得到的表。",
    ),
    "E-OUT-012": (
        "the page would ask for {address}",
        "页面会访问外部地址{address}",
        "Install the folium and branca versions this release names, or report it.",
        "安装本版本指定的folium和branca,或向我们反馈。",
    ),
    "E-OUT-013": (
        "the vendored file {file} is not the one this release was made with",
        "随附文件{file}与本版本不符",
        "Reinstall the package.",
        "重新安装。",
    ),
    "E-RECORD-001": (
        "the record of this import cannot be written",
        "本次导入记录无法写入",
        "Check free space and permissions.",
        "检查剩余空间和权限。",
    ),
    "E-RECORD-002": (
        "the record of the last import cannot be read",
        "上次导入记录无法读取",
        "A run with a plan or a ledger writes one beside it.",
        "使用方案或台账的运行会在其旁边写入导入记录。",
    ),
    "E-LEDGER-001": (
        "there is no ledger",
        "没有台账",
        "Name an existing file with --ledger.",
        "用 --ledger 指定已有的文件。",
    ),
    "E-LEDGER-002": (
        "the ledger is not a file",
        "台账不是文件",
        "Name a file with --ledger.",
        "用 --ledger 指定一个文件。",
    ),
    "E-LEDGER-003": (
        "the ledger cannot be made",
        "台账无法建立",
        "Check that its folder may be written and has space.",
        "检查其文件夹的写入权限和剩余空间。",
    ),
    "E-LEDGER-004": (
        "the file is not a ledger of GridBeacon",
        "该文件不是GridBeacon的台账",
        "Name another with --ledger.",
        "用 --ledger 指定另一个文件。",
    ),
    "E-LEDGER-005": (
        "the ledger is of version {version}, and this program knows version {known}",
        "台账版本为{version},本程序只支持版本{known}",
        "Update GridBeacon; the ledger was not touched.",
        "更新GridBeacon;台账未被改动。",
    ),
    "E-LEDGER-006": (
        "the ledger is damaged: {why}",
        "台账已损坏:{why}",
        "Bring back the last good copy from your backup and keep this file; it was not touched.",
        "从备份恢复最近的完好副本,并保留此文件;它未被改动。",
    ),
    "E-LEDGER-007": (
        "the ledger cannot be used: {why}",
        "台账无法使用:{why}",
        "Nothing was recorded. Free the disk or the file, check its permissions, and run again.",
        "没有记录任何内容。腾出磁盘或释放文件,检查权限后重新运行。",
    ),
    "E-LEDGER-008": (
        "no such warning was issued",
        "没有发出过这条预警",
        "See `ledger list` for the ids.",
        "编号用 `ledger list` 查看。",
    ),
    "E-LEDGER-009": (
        "a warning that is {state} cannot be {event}",
        "状态为“{state}”的预警不能执行{event}",
        "Possible now: {events}.",
        "现在可以执行:{events}。",
    ),
}
