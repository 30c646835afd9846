"""What the command line itself refuses, and what becomes of errors that are not ours: code and both languages."""

from __future__ import annotations

from typing import Any

from ..errors import EnvironmentProblem, GridBeaconError, InputError, refusals

REFUSALS = refusals(
    {
        "E-ASK-001": (
            "no cells were given",
            "没有指定网格",
            "Name them: --cells grid.gpkg",
            "指定网格文件:--cells grid.gpkg",
        ),
        "E-ASK-002": (
            "there is no folder for the repaired copy",
            "没有指定存放修复副本的文件夹",
            "Name one: --out FOLDER",
            "指定一个:--out 文件夹",
        ),
        "E-ASK-003": (
            "nothing is to be saved",
            "没有要保存的内容",
            "Pass --save-mapping too.",
            "同时加 --save-mapping。",
        ),
        "E-ASK-004": (
            "there is no plan to save the columns in",
            "没有可保存列对应关系的方案",
            "Name it: --plan city.toml",
            "指定方案:--plan city.toml",
        ),
        "E-ASK-005": (
            "a class is renamed by old=new",
            "类别改名写作 旧名=新名",
            'For example --rename "噪音=噪声".',
            '例如 --rename "噪音=噪声"。',
        ),
        "E-ASK-006": (
            "no incident file was given",
            "没有指定事件文件",
            "Name one or more: --incidents calls.csv --cells grid.gpkg",
            "指定一个或多个:--incidents calls.csv --cells grid.gpkg",
        ),
        "E-ASK-007": (
            "the division before was not given",
            "没有指定原网格",
            "Name it: --cells-before old.gpkg",
            "指定原网格:--cells-before old.gpkg",
        ),
        "E-ASK-008": (
            "no file matches the pattern",
            "没有与通配符相符的文件",
            "Check the folder and the spelling.",
            "检查文件夹和写法。",
        ),
        "E-ASK-009": (
            "the plan file cannot be read",
            "方案文件无法读取",
            "It must be TOML in UTF-8{why}.",
            "须为UTF-8编码的TOML{why}。",
        ),
        "E-ASK-010": (
            "[{table}] has no entry {name!r}",
            "[{table}]中没有{name!r}这一项",
            "It may have {known}.",
            "可用的项:{known}。",
        ),
        "E-ASK-011": (
            "the pages are written in English",
            "文档页以英文生成",
            "Set GRIDBEACON_LANG=en, or use `make docs`.",
            "设置GRIDBEACON_LANG=en,或使用 `make docs`。",
        ),
        "E-ASK-012": (
            "the plan file is laid out in a way that cannot be added to",
            "方案文件的写法无法追加内容",
            "Write the tables [columns] and [classes] as plain lines of their own.",
            "把[columns]和[classes]两个表写成各自独立的普通行。",
        ),
        "E-ASK-013": (
            "the plan file cannot be written",
            "方案文件无法写入",
            "Check permissions and free space.",
            "检查权限和剩余空间。",
        ),
        "E-ASK-041": (
            "this file exists already",
            "该文件已存在",
            "Name another one, or pass --replace.",
            "换一个文件名,或加 --replace。",
        ),
        "E-ASK-042": (
            "the calibration cannot be written",
            "校准文件无法写入",
            "Check the folder, permissions and free space.",
            "检查文件夹、权限和剩余空间。",
        ),
        "E-ASK-014": ("there are no {role} cells", "没有{role}网格", "Choose the other role.", "改选另一种网格性质。"),
        "E-ASK-015": ("there is no level {level}", "没有第{level}级", "Choose one of {levels}.", "可选:{levels}。"),
        "E-ASK-016": (
            "no incident has this class",
            "没有这一类别的事件",
            "Classes are, for example, {classes}.",
            "现有类别例如:{classes}。",
        ),
        "E-ASK-017": (
            "{n} incidents of the window have a place, three are needed",
            "窗口内有位置的事件为{n}条,至少需要3条",
            "Choose a class higher up, or a longer window.",
            "改选上级类别,或更长的窗口。",
        ),
        "E-ASK-018": (
            "no ledger was named",
            "没有指定台账",
            "Name it: --ledger ledger.sqlite, or a plan file that does: --plan city.toml",
            "指定台账:--ledger ledger.sqlite;或指定写有台账的方案:--plan city.toml",
        ),
        "E-ASK-019": (
            "there is no time zone {zone}",
            "没有时区{zone}",
            "Write it like Asia/Shanghai.",
            "写法如 Asia/Shanghai。",
        ),
        "E-ASK-020": (
            "{text!r} is not a time",
            "{text!r}不是日期或时间",
            "Write it as 2026-01-05 or 2026-01-05T14:30.",
            "写作 2026-01-05 或 2026-01-05T14:30。",
        ),
        "E-ASK-021": (
            "{n} warnings have an id that begins so",
            "以此开头的预警编号有{n}个",
            "Give more of the id, four signs at least; `ledger list` shows as much of it as is needed.",
            "多写几位(至少四位);`ledger list` 显示所需的位数。",
        ),
        "E-ASK-022": (
            "nobody is named who does it",
            "没有写明操作人",
            "Name a post or a person: --actor NAME",
            "写明岗位或操作人:--actor 姓名或岗位",
        ),
        "E-ASK-023": (
            "a correction is written name=value",
            "更正写作 字段=内容",
            "For example --set level=orange.",
            "例如 --set level=orange。",
        ),
        "E-ASK-030": (
            "a drill touches no ledger",
            "演练不写入台账",
            "Leave out --ledger: what a drill finds did not happen.",
            "去掉 --ledger:演练结果并非真实情况。",
        ),
        "E-ASK-024": (
            "no plan file names the deadlines",
            "没有写有时限的方案文件",
            "Write them into its table [deadlines], and pass --plan city.toml.",
            "在方案文件中写明[deadlines]表,并用 --plan city.toml 指定。",
        ),
        "E-LEARN-001": (
            "what verdicts teach is written as .csv or .json",
            "研判结果统计只能写为.csv或.json",
            "Name such a file: --out verdicts.csv",
            "指定此类文件:--out verdicts.csv",
        ),
        "E-LEARN-002": (
            "the file exists already",
            "文件已存在",
            "Name another, or add --replace.",
            "另取文件名,或加 --replace。",
        ),
        "E-SYS-001": (
            "the Python package {package} cannot be loaded",
            "Python包{package}无法加载",
            "Install GridBeacon again; `gridbeacon doctor` tells more.",
            "重新安装GridBeacon;详情见 `gridbeacon doctor`。",
        ),
        "E-SYS-002": (
            "the machine ran out of memory",
            "内存不足",
            "Close other programs, or use fewer cells or a coarser --bin.",
            "关闭其他程序,或减少网格、加大 --bin。",
        ),
        "E-SYS-003": (
            "{why}",
            "系统错误:{why}",
            "Check free space and permissions, then run again.",
            "检查剩余空间和权限后重新运行。",
        ),
        "E-SYS-004": (
            "a fault of ours: {kind}",
            "程序自身的错误:{kind}",
            "Run again with GRIDBEACON_DEBUG=1 and send us the traceback.",
            "设置GRIDBEACON_DEBUG=1后重新运行,并把错误信息发给我们。",
        ),
        "E-SYS-005": (
            "the window needs PyQt5, which is not installed",
            "窗口程序需要PyQt5,尚未安装",
            'Install it: pip install "gridbeacon[desktop]"',
            '安装:pip install "gridbeacon[desktop]"',
        ),
        "E-SYS-006": (
            "there is no screen to open a window on",
            "没有可用的图形界面",
            "Start it from a desktop session; on a server use `gridbeacon run`.",
            "请在图形桌面中启动;服务器上请用 `gridbeacon run`。",
        ),
    }
)


def refusal(code: str, *, where: str, **facts: Any) -> InputError:
    """The error for what the user can correct; *facts* fill the words in braces."""
    return REFUSALS[code].error(InputError, where, facts)


def trouble(code: str, *, where: str, **facts: Any) -> EnvironmentProblem:
    """The error for what is the machine's: disk, permission, missing package, memory."""
    return REFUSALS[code].error(EnvironmentProblem, where, facts)


def fault(code: str, *, where: str, **facts: Any) -> GridBeaconError:
    """The error for what is ours."""
    return REFUSALS[code].error(GridBeaconError, where, facts)
