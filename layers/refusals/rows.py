"""Headers, columns, codes, the calendar's tables, policies and keys that cannot be used."""

from __future__ import annotations

_KEY = (
    "Name a file of at least {least} random bytes, kept apart from all results, or set {variable}.",
    "指定一个至少{least}字节的随机密钥文件,与所有成果分开存放,或设置{variable}。",
)

ROWS: dict[str, tuple[str, str, str, str]] = {
    "E-COL-001": (
        "there is no role {role!r}",
        "没有名为{role!r}的列用途",
        "Roles are {roles}.",
        "可用的列用途:{roles}。",
    ),
    "E-COL-002": (
        "column {column} holds personal data and cannot be used as {role}",
        "列{column}含个人信息,不能用作{role}",
        "Name another column, or leave it out.",
        "指定另一列,或不指定。",
    ),
    "E-COL-003": (
        "there is no column {column} (for {role})",
        "没有列{column}(用于{role})",
        "{hint}The columns are: {columns}.",
        "{hint}现有的列:{columns}。",
    ),
    "E-COL-004": (
        "no column is known to hold the time of the incident",
        "没有识别出事件时间列",
        "{hint}Name it with --time. The columns are: {columns}.",
        "{hint}用 --time 指定。现有的列:{columns}。",
    ),
    "E-COL-005": (
        "no columns are known to hold coordinates",
        "没有识别出坐标列",
        "{hint}Name them with --lon and --lat. The columns are: {columns}.",
        "{hint}用 --lon 和 --lat 指定。现有的列:{columns}。",
    ),
    "E-COL-006": (
        "the first row is blank",
        "第一行是空行",
        "Put the column names into the first row.",
        "把列名放在第一行。",
    ),
    "E-COL-007": (
        "the table has two header rows",
        "表格有两行表头",
        "Keep one row of column names, without merged cells, and delete the other.",
        "只保留一行列名,不要合并单元格,删除另一行。",
    ),
    "E-COL-008": (
        "there is no time zone {timezone!r}",
        "没有时区{timezone!r}",
        "Use a name such as Asia/Shanghai.",
        "使用Asia/Shanghai这样的名称。",
    ),
    "E-RUN-001": (
        "duplicates must be drop or keep, not {given!r}",
        "duplicates只能是drop或keep,不能是{given!r}",
        "The default is drop.",
        "默认为drop。",
    ),
    "E-RUN-002": ("there are no rows", "没有数据行", "Export it again, with the incidents.", "重新导出,须包含事件。"),
    "E-RUN-003": (
        "no row can be used: {n} of {rows_in} {reason}",
        "没有可用的行:{rows_in}行中有{n}行因“{reason}”被剔除",
        "{fix}",
        "{fix}",
    ),
    "E-RUN-004": (
        "{n} incidents, {n_assigned} places, {n_marks} marks and policy {policy!r} do not go together",
        "{n}条事件、{n_assigned}个位置、{n_marks}个标记与处理方式{policy!r}不一致",
        "Hand over one row each, and a policy of {policies}.",
        "每条事件各给一行,处理方式为{policies}之一。",
    ),
    "E-CAL-001": (
        "the table cannot be read: {why}",
        "日历表无法读取:{why}",
        "Save it as CSV in UTF-8.",
        "另存为UTF-8的CSV。",
    ),
    "E-CAL-002": ("the table is no text", "日历表不是文本", "Save it as CSV in UTF-8.", "另存为UTF-8的CSV。"),
    "E-CAL-003": (
        "the table has no column {columns}",
        "日历表缺少列{columns}",
        "See docs/calendar.md.",
        "见 docs/calendar.md。",
    ),
    "E-CAL-004": (
        "the column {column} {what}",
        "列{column}{what}",
        "Write dates as 2026-02-17; see docs/calendar.md.",
        "日期写作2026-02-17;见 docs/calendar.md。",
    ),
    "E-POLICY-001": (
        "the class policy cannot be read",
        "类别策略文件无法读取",
        "Start from the file that comes with GridBeacon: two lists of {{pattern, zh, en}}.",
        "从随GridBeacon提供的文件改起:两个由{{pattern, zh, en}}组成的列表。",
    ),
    "E-POLICY-002": (
        "there is no profile {profile!r}",
        "没有输出范围{profile!r}",
        "Choose one of {profiles}.",
        "可选:{profiles}。",
    ),
    "E-KEY-001": ("the key of the pseudonyms lies among the outputs", "化名密钥放在了成果文件夹中", *_KEY),
    "E-KEY-002": ("the key of the pseudonyms cannot be read", "化名密钥无法读取", *_KEY),
    "E-KEY-003": ("there is no key for pseudonyms", "没有化名密钥", *_KEY),
    "E-KEY-004": ("the key of the pseudonyms has {n} bytes", "化名密钥只有{n}字节", *_KEY),
}
