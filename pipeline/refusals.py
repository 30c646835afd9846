"""Plans, classes and counts that cannot be used: code, English, Chinese, what to do in both."""

from __future__ import annotations

from typing import Any

from ..errors import EnvironmentProblem, InputError, refusals

REFUSALS = refusals(
    {
        "E-PLAN-001": ("{text!r} is not a date", "{text!r}不是日期", "Write it as 2026-01-05.", "写作2026-01-05。"),
        "E-PLAN-002": (
            "there is no setting {name!r}",
            "没有设置项{name!r}",
            "`gridbeacon schema` lists every setting.",
            "`gridbeacon schema` 列出全部设置项。",
        ),
        "E-PLAN-003": (
            "the plan file cannot be read: {why}",
            "方案文件无法读取:{why}",
            "Begin with the plan.toml of a finished run.",
            "从一次已完成运行的plan.toml改起。",
        ),
        "E-PLAN-004": (
            "the plan knows no setting [{table}] {name}",
            "方案中没有设置项[{table}] {name}",
            "`gridbeacon schema` lists every setting.",
            "`gridbeacon schema` 列出全部设置项。",
        ),
        "E-PLAN-005": (
            "{name} must be a {kind}, not {value!r}",
            "{name}应为{kind},不能是{value!r}",
            "The default is {default!r}.",
            "默认值为{default!r}。",
        ),
        "E-PLAN-006": (
            "the table of responsible units needs three columns",
            "责任单位表需要三列",
            "Columns: 类别, 区域, 责任单位.",
            "三列为:类别、区域、责任单位。",
        ),
        "E-PLAN-007": (
            "the table of responsible units cannot be read: {why}",
            "责任单位表无法读取:{why}",
            "Save it as CSV in UTF-8.",
            "另存为UTF-8的CSV。",
        ),
        "E-NULL-001": (
            "this is no calibration, or a damaged one",
            "这不是校准文件,或文件已损坏",
            "Make one with `gridbeacon calibrate`.",
            "请用 `gridbeacon calibrate` 重新生成。",
        ),
        "E-NULL-002": (
            "this calibration was made for other settings: {names}",
            "该校准文件对应的设置与本次不同:{names}",
            "Calibrate again with the settings of this run, or leave --calibration out.",
            "按本次设置重新校准,或不使用 --calibration。",
        ),
        "E-NULL-003": (
            "{weeks:.0f} weeks of history are too few to calibrate on",
            "历史仅{weeks:.0f}周,不足以校准",
            "At least {least} weeks are needed; without a calibration an upper bound is printed.",
            "至少需要{least}周;未校准时给出的是上限。",
        ),
        "E-NULL-004": (
            "{target:g} orange and red a week cannot be reached: warnings that only last give more",
            "红橙每周{target:g}条达不到:仅因持续而升级的提示已多于此数",
            "Ask for more a week, or raise `persistence`.",
            "提高目标,或调高 persistence(持续升级步数)。",
        ),
        "E-NULL-005": (
            "{target:g} orange and red a week would make orange as common as yellow ({days:g} days)",
            "红橙每周{target:g}条会使橙色与黄色({days:g}天)一样常见",
            "Ask for fewer a week.",
            "降低目标。",
        ),
        "E-RUN-101": (
            "this class is described at street level or above only",
            "该类别只在街道及以上层级描述",
            "Choose another class, or a step on streets.",
            "改选其他类别,或按街道分析的步骤。",
        ),
        "E-RUN-102": (
            "no incident of this class has a place of its own in the period",
            "该时段内此类事件都没有自己的位置",
            "Choose a class higher up, or a longer period.",
            "改选上级类别,或更长的时段。",
        ),
        "E-RUN-103": (
            "no class holds one of the words",
            "没有类别含有这些词",
            "Name words of your own classes.",
            "写明自己类别中的词。",
        ),
        "E-RUN-104": ("there is no level {level}", "没有第{level}级", "Choose one of {levels}.", "可选:{levels}。"),
        "E-RUN-105": (
            "no incident has this class",
            "没有这一类别的事件",
            "Classes are, for example, {classes}.",
            "现有类别例如:{classes}。",
        ),
        "E-RUN-106": (
            "there is no complete day of incidents: all {n} are of {day}",
            "没有完整一天的事件:{n}条都在{day}当天",
            "Add earlier days, or name the moment of decision with --as-of.",
            "补充更早的日期,或用 --as-of 指定研判时点。",
        ),
        "E-RUN-107": (
            "all {n} incidents are after {day}",
            "{n}条事件都在{day}之后",
            "Choose a later moment.",
            "改选更晚的时点。",
        ),
        "E-RUN-108": (
            "none of {rows_in} incidents lies in a cell ({n} lie outside)",
            "{rows_in}条事件都不在网格内({n}条在网格外)",
            "{guess}Check that both cover the same city, and the coordinate system: pass --crs where the incidents "
            "name none.",
            "{guess}检查两者是否同一城市、坐标系是否正确:事件未标明坐标系时用 --crs 指定。",
        ),
        "E-RUN-109": (
            "a stream is counted in hours or days up to a moment that is known",
            "流式计数须按小时或日,且研判时点已定",
            "Name --as-of, and a bin of an hour or a day.",
            "指定 --as-of,时段取小时或日。",
        ),
        "E-RUN-110": (
            "none of {rows_in} incidents is counted",
            "{rows_in}条事件没有一条计入",
            "Check that incidents and cells cover the same city, and --as-of.",
            "检查事件与网格是否同一城市,以及 --as-of。",
        ),
        "E-RUN-111": ("nothing was counted", "没有计数", "Count at least one batch.", "至少计数一批。"),
        "E-RUN-112": (
            "the class has {n} incidents with a place in the window, ten are needed",
            "该类别在窗口内有位置的事件为{n}条,至少需要10条",
            "Choose a class higher up, or a longer --window.",
            "改选上级类别,或更长的 --window。",
        ),
        "E-PLAN-008": (
            "there is no preset {name!r}",
            "没有预设{name!r}",
            "Choose one of {known}.",
            "可选:{known}。",
        ),
        "E-PLAN-009": (
            "no incident is of the class {node!r}",
            "没有{node!r}这一类别的事件",
            "Near it are: {near}. `gridbeacon check --json` gives the tree of classes.",
            "相近的类别:{near}。`gridbeacon check --json` 给出类别树。",
        ),
        "E-PLAN-010": (
            "the class policy does not let {node!r} be processed",
            "按类别策略,{node!r}不在处理范围",
            "Leave it out of --classes.",
            "请从 --classes 中去掉。",
        ),
        "E-PLAN-011": (
            "no incident of the chosen classes is counted; {n} of others are",
            "所选类别没有一条事件计入(其他类别{n}条)",
            "Choose further classes, or another --as-of.",
            "请增选类别,或更换 --as-of。",
        ),
        "E-DRILL-001": (
            "a drill needs bins of a day, not of a {bin}",
            "演练需按天统计,不能是{bin}",
            "Leave out --bin for the drill.",
            "演练时不要指定 --bin。",
        ),
        "E-DRILL-002": (
            "the data hold {days} days, and the drill needs {needed}: its stretch and a baseline before it",
            "数据仅{days}天,演练需{needed}天(演练时段及其之前的基线)",
            "Choose a shorter --stretch, or add earlier files.",
            "缩短 --stretch,或增加更早的文件。",
        ),
        "E-DRILL-003": (
            "among the {days} days of the stretch there are no {needed} in a row with complete data",
            "演练时段{days}天中没有连续{needed}天的完整数据",
            "Choose a longer --stretch, or shorter --spans.",
            "加长 --stretch,或缩短突增天数。",
        ),
        "E-REPLAY-001": (
            "there is no day from {first} to {end}",
            "{first}至{end}之间没有一天",
            "--from is the first day, --to the day after the last: 2016-01-01 and 2016-02-01 are January.",
            "--from 为首日,--to 为末日的次日:2016-01-01 与 2016-02-01 即一月。",
        ),
        "E-RUN-201": (
            "no handled incident with a place has a time of closing",
            "没有带办结时间和位置的办理类事件",
            "Name the column: --closed-time COL.",
            "指定办结时间列:--closed-time 列名。",
        ),
        "E-PUBLIC-001": (
            "the record of earlier publications cannot be read: {why}",
            "此前公开版的记录无法读取:{why}",
            "It says what must stay withheld: put it back from a copy, or publish into another folder.",
            "它记载了须继续不公开的数字:请从备份恢复,或改在另一文件夹公开。",
        ),
        "E-WATCH-001": (
            "{text!r} is not a time of day",
            "{text!r}不是时刻",
            "Write it as 06:30.",
            "写作06:30。",
        ),
        "E-WATCH-002": (
            "a run of this city folder is under way, on {host}, process {pid}, since {since}",
            "该城市文件夹正在运行:计算机{host},进程{pid},开始于{since}",
            "Wait for it to end; a run that died is recognised by itself.",
            "等待其结束;已中断的运行会自动识别,无需处理。",
        ),
        "E-WATCH-003": (
            "the file of the watch cannot be written: {why}",
            "值守文件无法写入:{why}",
            "Check permissions and free space of the city folder.",
            "检查城市文件夹的权限和剩余空间。",
        ),
    }
)


def refusal(code: str, *, where: str, **facts: Any) -> InputError:
    """The error for what the user can correct; *facts* fill the words in braces."""
    return REFUSALS[code].error(InputError, where, facts)


def trouble(code: str, *, where: str, **facts: Any) -> EnvironmentProblem:
    """The error for what is the machine's: another run, disk, permission."""
    return REFUSALS[code].error(EnvironmentProblem, where, facts)
