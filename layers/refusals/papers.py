"""Letters, lists, messages and drop folders that cannot be made: code, English, Chinese, what to do in both."""

from __future__ import annotations

PAPERS: dict[str, tuple[str, str, str, str]] = {
    "E-READ-001": (
        "the folder is not that of a finished run",
        "该文件夹不是一次已完成运行的成果",
        "Name the folder that `gridbeacon run` wrote; it holds manifest.json.",
        "指定 `gridbeacon run` 写出的文件夹,其中有manifest.json。",
    ),
    "E-READ-002": (
        "the list of warnings is not the one that the run wrote",
        "预警清单与运行写出的不一致",
        "Run again into a new folder, and edit a copy rather than the file itself.",
        "重新运行到新的文件夹;如需修改请另存副本。",
    ),
    "E-READ-003": (
        "no run was named",
        "没有指定运行成果",
        "Name the folder of a finished run: --run FOLDER",
        "指定一次已完成运行的成果文件夹:--run 文件夹",
    ),
    "E-READ-004": (
        "the warning has no level that is known",
        "该预警的等级无法识别",
        "Levels are {known}; a wrong one is put right with `gridbeacon ledger correct`.",
        "等级为{known};有误的用 `gridbeacon ledger correct` 更正。",
    ),
    "E-CAP-001": (
        "the sender may not be empty, nor hold blanks, commas, < or &",
        "发送方不能为空,也不能含空格、逗号、<或&",
        "Name it like a mail address or a domain: --sender cop.example.gov.cn",
        "写成邮箱或域名的形式:--sender cop.example.gov.cn",
    ),
    "E-CAP-002": (
        "there is no time zone {zone!r}",
        "没有时区{zone!r}",
        "Name one of the IANA database, for example Asia/Shanghai.",
        "使用IANA时区名,例如Asia/Shanghai。",
    ),
    "E-CAP-003": (
        "the file has no layer of units with a cell_id in a known coordinate system",
        "文件中没有带cell_id且坐标系已知的单元图层",
        "Name the results.gpkg of a run, or file.gpkg|layer.",
        "指定一次运行的results.gpkg,或 文件.gpkg|图层。",
    ),
    "E-CAP-004": (
        "one file holds one message, and there are {n}",
        "一个文件只能存一条消息,现有{n}条",
        "Name a folder with --out, a name without .xml.",
        "用 --out 指定文件夹(名称不带.xml)。",
    ),
    "E-DROP-001": (
        "the file in the drop folder is not one that GridBeacon wrote, or is of a newer version",
        "投递文件夹中的文件不是GridBeacon写出的,或版本更新",
        "Move it elsewhere, or name another folder; nothing was dropped.",
        "把它移走,或指定另一个文件夹;没有投递任何内容。",
    ),
    "E-PAPER-001": (
        "the file cannot be written: {why}",
        "文件无法写入:{why}",
        "Close it in other programs, check free space and permissions, and run again.",
        "在其他程序中关闭它,检查剩余空间和权限后重新运行。",
    ),
    "E-PAPER-002": (
        "the template asks for 〔{name}〕, which is not known",
        "模板中的占位符〔{name}〕无法识别",
        "Known here: {known}.",
        "可用的占位符:{known}。",
    ),
    "E-PAPER-003": (
        "the template cannot be opened as a Word document",
        "模板无法作为Word文档打开",
        "Save it as .docx; `gridbeacon papers templates --out FOLDER` writes fresh ones.",
        "另存为.docx;`gridbeacon papers templates --out 文件夹` 可重新写出标准模板。",
    ),
    "E-PAPER-004": (
        "there is nothing to write: {why}",
        "没有可出具的内容:{why}",
        "See `gridbeacon ledger list`; nothing was numbered.",
        "用 `gridbeacon ledger list` 查看;没有占用编号。",
    ),
    "E-PAPER-005": (
        "the template has no table row for the items",
        "模板中没有用于列出事项的表格行",
        "Keep one row with 〔序号〕 or another placeholder of an item.",
        "保留含〔序号〕等事项占位符的一行。",
    ),
    "E-PAPER-006": (
        "the folder of templates does not exist",
        "模板文件夹不存在",
        "`gridbeacon papers templates --out FOLDER` makes one.",
        "`gridbeacon papers templates --out 文件夹` 可建立。",
    ),
    "E-PAPER-007": (
        "the period ends before it begins",
        "时段的结束早于开始",
        "Name --from and --to as dates, --to being the last day.",
        "--from与--to写作日期,--to为最后一天。",
    ),
    "E-PAPER-010": (
        "the template cannot be opened as a workbook",
        "模板无法作为工作簿打开",
        "Save it as .xlsx; `gridbeacon papers templates --out FOLDER` writes fresh ones.",
        "另存为.xlsx;`gridbeacon papers templates --out 文件夹` 可重新写出标准模板。",
    ),
    "E-PAPER-011": (
        "the template holds a formula",
        "模板中含有公式",
        "Replace it by text: rows move when the template is filled, and formulas would not follow.",
        "改为文字:填写时行会移动,公式不会随之更新。",
    ),
    "E-PAPER-012": (
        "the template lacks the line that this is no statutory warning",
        "模板缺少“不构成法定预警发布”的声明",
        "Put 〔声明〕 somewhere in it, in a footer for example.",
        "在适当位置(例如页脚)加入〔声明〕。",
    ),
    "E-PAPER-009": (
        "an item of this paper stands in paper number {number} already",
        "本文书中的事项已列入第{number}号文书",
        "Somebody numbered it a moment ago. Run the command again.",
        "刚刚有人为其编号,请重新执行本命令。",
    ),
    "E-PAPER-008": (
        "one file holds one paper, and there are {n}",
        "一个文件只能存一份文书,现有{n}份",
        "Name a folder with --out, or one unit with --unit.",
        "用 --out 指定文件夹,或用 --unit 只出具一个单位的。",
    ),
}
