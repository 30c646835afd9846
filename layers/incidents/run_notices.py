"""Notices about a run as a whole: where incidents lie, what data are missing, the policy, and the last import."""

from __future__ import annotations

RUN_NOTICES: dict[str, tuple[str, str]] = {
    "N-PLACE-003": (
        "{spots}处疑似地理编码滞留:同日多类事件同落一点,共{n}行;仅提示,均按原位计入",
        "on {spots} spots a geocoder may have stuck: rows of several classes on one point within one day, {n} in all; "
        "they are only listed and count where they lie",
    ),
    "N-PLACE-001": ("{n}条事件不在任何网格内,未计入。", "{n} incidents lie in no cell and are not counted."),
    "N-PLACE-002": (
        "{n}条事件落在默认坐标上,只计入全市,不计入下级单元。",
        "{n} incidents lie on default points; they count for the city and for no unit below.",
    ),
    "N-PLACE-004": (
        "{n}条事件落在默认坐标上,按比例分摊到各网格。",
        "{n} incidents lie on default points; they are spread over the cells.",
    ),
    "N-PLACE-005": (
        "{n}条事件落在默认坐标上,按原坐标计入。",
        "{n} incidents lie on default points; they count where they lie.",
    ),
    "N-PLACE-006": (
        "未按原位计入的点共{n}个,图层excluded只列前{most}个",
        "{n} points are not counted where they lie; the layer excluded lists the first {most}",
    ),
    "N-TIME-101": (
        "研判时点取整到{moment},不完整的时段不计入。",
        "The moment of decision is {moment}; partial bins are not counted.",
    ),
    "N-TIME-102": (
        "日历中没有{years}年的放假与调休安排:按周末和农历节日推算,请用 --days 补充。",
        "Days off and moved working days of {years_en} are not in the calendar: weekends and festivals are computed; "
        "add them with --days.",
    ),
    "N-RUN-001": (
        "上次运行(数据截止{last})之后有{n}次未运行:{days};变化仍与上次签发的运行相比。",
        "{n} runs are missing since the last one (data up to {last}): {days_en}; changes are against the last issued "
        "run.",
    ),
    "N-DATA-005": (
        "上报有滞后:最后一个时段约{share:.0%}已报,最近{n}个时段的预期值已按此折算。",
        "Reports come late: of the last bin about {share:.0%} is in; what is expected of the last {n} bins allows for "
        "it.",
    ),
    "N-DATA-004": (
        "最后{n}个时段没有任何事件:没有提示不等于没有风险。",
        "The last {n} bins hold no incident at all: no warning does not mean no risk.",
    ),
    "N-DATA-001": (
        "历史中有{n}个时段数据中断(其中最近28个时段内{recent}个),未作基线。",
        "Data are missing in {n} bins ({recent} of the last 28); they make no baseline and no calm.",
    ),
    "N-DATA-002": (
        "最后一个时段数据中断:没有提示不等于没有风险。",
        "Data of the last bin are missing: no warning does not mean no risk.",
    ),
    "N-DATA-003": (
        "历史仅{weeks:.1f}周,不足{least:g}周:只给地图,不发红橙提示。",
        "Only {weeks:.1f} weeks of history, under {least:g}: a map and no orange or red.",
    ),
    "N-PUBLIC-001": (
        "公开版:少于{k}件的数字不显示,其余为{step}的倍数,合计只含所显示的数字;另有{n}条提示不公开",
        "Public version: counts below {k} are withheld, the others are multiples of {step}, totals add up what is "
        "shown; {n} more warnings are not public",
    ),
    "N-DRILL-001": (
        "演练:以下为注入的合成突增,不是真实情况",
        "a drill: the surge below is synthetic and did not happen",
    ),
    "N-MODEL-001": ("{model}本次未参与。", "{model_en} did not take part in this run."),
    "N-PAST-001": ("与上次导入相比,新增字段:{columns}", "columns that the last import did not have: {columns}"),
    "N-PAST-002": ("与上次导入相比,缺少字段:{columns}", "columns of the last import that are gone: {columns}"),
    "N-PAST-003": (
        "{role}上次取自{old},这次取自{new}",
        "{role} was read from {old} last time and is read from {new} now",
    ),
    "N-PAST-004": ("文件编码由{old}变为{new}", "the encoding changed from {old} to {new}"),
    "N-PAST-005": ("坐标系由{old}变为{new}", "the coordinate system changed from {old} to {new}"),
    "N-PAST-006": ("时间格式由{old}变为{new}", "the layout of times changed from {old} to {new}"),
    "N-PAST-007": ("新出现{n}个类别:{classes}", "{n} classes are new: {classes}"),
    "N-PAST-008": ("{n}个类别不再出现:{classes}", "{n} classes no longer come: {classes}"),
    "N-PAST-009": (
        "类别“{old}”可能已改称“{new}”(数量为原来的{share:g}倍);如属实,请在方案的[classes]中写入,以免误报激增与静默",
        "class {old} may now be called {new} ({share:g} of its volume); if so, write it into [classes] of the plan, or "
        "it looks like a silence and a surge",
    ),
    "N-PAST-010": (
        "{source}·{category}:{days}天{new}件,按上次导入应约{expected:g}件",
        "{source}, {category}: {new} incidents in {days} days; by the last import about {expected:g} were due",
    ),
    "N-POLICY-001": (
        "类别策略取自{file}:新增{added}条,删去{removed}条",
        "the class policy is that of {file}: {added} entries added, {removed} removed",
    ),
    "N-COUNT-001": ("整体读取,计至{moment}。", "The files were read whole and counted up to {moment}."),
    "N-COUNT-002": (
        "分段读取,计至{moment},内存不随行数增长。",
        "The files were read in pieces, never whole in memory, and counted up to {moment}.",
    ),
    "N-COUNT-003": ("行数核对:{account}", "Account: {account}"),
    "N-CLASS-101": (
        "{n}个只在街道层面描述的事件未纳入。",
        "{n} incidents of classes that are only described at street level are left out.",
    ),
    "N-BURST-101": (
        "{n}个同地短时重复来件未另计。",
        "{n} further reports of a burst from one spot are not counted again.",
    ),
    "N-CLUSTER-001": (
        "{n}个事件形成{clusters}个聚类,含{inside}个事件。",
        "{n} incidents form {clusters} clusters that hold {inside} of them.",
    ),
    "N-REPEAT-001": (
        "{n}个事件,{replicates}次置换,{bands}个分段中{clear}个显著;0米为同一地点。",
        "{n} incidents, {replicates} shuffles: {clear} of {bands} bands stand out; 0 m is the same place.",
    ),
    "N-CONC-001": (
        "{share:.0%}的事件集中在{n}个单元({share_of_cells:.1%});基尼系数{gini:.3f},稀疏校正后{generalised:.3f}。",
        "{share:.0%} of the incidents lie in {n} units ({share_of_cells:.1%}); Gini {gini:.3f}, corrected for sparse "
        "counts {generalised:.3f}.",
    ),
    "N-LEAD-001": (
        "{units}个单元、{steps}步:{verdict},先行{lead}天,各滞后合并p={p:.3f};关联不是因果。",
        "{units} units, {steps} steps: {verdict_en}, lead {lead} days, p over all lags {p:.3f}; an association is no "
        "cause.",
    ),
    "N-CHANGE-001": (
        "{n}处水平变化,其中{clear}处p≤.05;未申报的变化可用 --events 申报。",
        "{n} changes of level, {clear} of them with p at most .05; declare with --events what you know.",
    ),
    "N-DENSITY-001": (
        "{n}个事件,带宽{bandwidth:.0f}米,单位:件/km²/{period}。",
        "{n} incidents, bandwidth {bandwidth:.0f} m, unit events/km²/{period}.",
    ),
    "N-MAP-001": (
        "底图图层过密,已简化到约{metres:.0f}米({n}个顶点),以免页面过大。",
        "The layers of the basemap are dense: they are drawn to about {metres:.0f} m ({n} vertices), or the page would "
        "be too large.",
    ),
    "N-MAP-002": (
        "底图图层与辖区没有重叠,未画出;请检查坐标系。",
        "The layers of the basemap do not touch the city and are not drawn; check their coordinate system.",
    ),
    "N-RISK-001": (
        "类别{node}对照{against},带宽{bandwidth:.0f}米;容忍线逐点给出,p_anywhere 为全市任意处的概率。",
        "Class {node} against {against_en}, bandwidth {bandwidth:.0f} m; tolerance is pointwise, p_anywhere is the "
        "chance anywhere in the city.",
    ),
    "N-LINE-001": (
        "监测线“{name}”的设置已变更({changes_zh}):自本次起为新监测线,重现期与误报预期重新起算,{n}条提示接续原编号。",
        "settings of the surveillance line {name} have changed ({changes}): a new line begins, what is said of "
        "recurrence and of false alarms starts anew, and {n} warnings succeed former ones.",
    ),
    "N-LINE-002": (
        "台账中另有监测线({others_zh}):各线宜各用一个台账,否则“新增、持续”不可靠。",
        "the ledger also holds lines of other names ({others}): give each line a ledger of its own, or what is said to "
        "be new or to continue beside {name} cannot be relied on.",
    ),
    "N-SHIFT-001": (
        "{n}处报备骤降而群众来电上升(首处:{place}·{category},报备{before}→{now}件,来电{calls_before}→{calls_now}件):"
        "可能重现盲区,请核查。",
        "{n} places where reports of grid workers collapse while calls of citizens rise (first: {place}, "
        "{category_en}: reports {before} → {now}, calls {calls_before} → {calls_now}): a blind spot may have opened.",
    ),
    "N-REPEAT-002": (
        "{closings}次办结后{days}天内{repeats}次同类再现(按同一地点偶然约{expected:.0f}次);"
        "{clear}个单元明显偏多;偏多提示可能假性整改,须现场核实。",
        "{closings} closings, {repeats} complaints of the same class at the place within {days} days (by chance about "
        "{expected:.0f}); {clear} units stand out: rectification may be false there, look on the spot.",
    ),
    "N-CLOSE-001": (
        "办理{handled}件、报备{reported}件分列,不合并计算办结率。",
        "{handled} handled and {reported} only reported stand apart: no rate adds them up.",
    ),
    "N-COMPARE-001": (
        "{n}个比较,其中{clear}个可区分于波动,{refused}个不可比;同比按星期与农历对齐,中断两侧均不计。",
        "{n} comparisons, {clear} of them distinguishable from noise, {refused} refused; years are aligned by weekday "
        "and festival, outages are left out on both sides.",
    ),
}
"""Code -> (Chinese, English); part of `rules.NOTICES`, and told by `rules.notice`."""
