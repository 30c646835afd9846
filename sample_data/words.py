"""The invented words of the sample city: its places, class tree, units on duty and people. Nothing here is real."""

from __future__ import annotations

CITY, RIVER, STREAM = "云汀市", "霁江", "芸溪"

# Three districts: the land south of the river, north-east and north-west of the stream.
DISTRICTS = ("霁南区", "清晏区", "云麓区")
STREETS = (
    ("汀兰街道", "听潮街道", "望舒街道", "栖云街道", "文澜街道", "槐序街道", "远岫镇", "梨坞镇"),
    ("清晏街道", "鹿溪街道", "采薇街道", "疏桐街道", "青禾街道", "霜序镇"),
    ("松照街道", "半夏街道", "石涧镇", "竹里镇"),
)
COMMUNITY_HEADS = "兰桂荷松柏梧桐槐柳枫桑榆菱茗蕙芷葵苇"
COMMUNITY_TAILS = "桨渡津汀湾"
ROADS = (
    "汀兰路", "听潮路", "望舒大道", "栖云路", "文澜街", "槐序路", "清晏大道", "鹿溪路",
    "采薇街", "疏桐路", "青禾路", "松照路", "半夏街", "霁江大道", "芸溪路", "渔火巷",
    "晚晴路", "早樱街", "云锦路", "白鹭街", "星垂路", "新桥路", "长堤路", "麦穗路",
    "书院街", "灯市街", "石榴巷", "银杏路", "𣲗西路", "知秋路", "南枝街", "北辰路",
)  # fmt: skip

# 10 major classes > 24 minor classes > 60 matters, with the share of all incidents of each matter (per mille).
CLASSES = {
    "供水排水": {
        "供水": {"水管爆裂": 10, "停水": 14, "水压不足": 9, "水质异常": 6},
        "排水": {"井盖缺失": 12, "下水道堵塞": 22, "路面积水": 9, "污水外溢": 13},
    },
    "能源供应": {
        "供电": {"停电": 16, "线路故障": 9, "电压不稳": 4},
        "供气": {"燃气泄漏": 5, "燃气停供": 4},
        "供热": {"暖气不热": 22, "供暖停供": 8},
    },
    "生态环境": {
        "噪声": {"施工噪声": 36, "商业噪声": 33, "社会生活噪声": 34, "交通噪声": 11},
        "大气": {"油烟扰民": 21, "扬尘": 16, "露天焚烧": 8, "异味": 12},
    },
    "市容环卫": {
        "垃圾": {"垃圾堆积": 37, "建筑垃圾": 19, "垃圾分类": 12},
        "占道": {"占道经营": 46, "乱堆物料": 25, "违规广告": 14},
    },
    "交通出行": {
        "停车": {"违规停车": 62, "占用消防通道": 20, "停车收费": 15},
        "道路": {"路面破损": 26, "信号灯故障": 12, "交通拥堵": 23},
        "共享单车": {"单车乱停放": 22},
        "事故": {"剐蹭事故": 33, "伤人事故": 9},
    },
    "公共设施": {
        "照明": {"路灯不亮": 24, "景观灯损坏": 4},
        "绿化": {"树木倒伏": 9, "绿地破坏": 10},
        "设施": {"护栏损坏": 11, "健身器材损坏": 7},
    },
    "住房物业": {
        "物业": {"电梯故障": 19, "物业服务": 31, "房屋漏水": 20},
        "违建": {"违法搭建": 22, "群租扰民": 8},
    },
    "市场监管": {
        "食品": {"食品卫生": 17, "过期食品": 10},
        "消费": {"消费纠纷": 28, "预付卡退费": 16},
    },
    "治安消防": {
        "盗窃": {"电动车被盗": 18, "入室盗窃": 5},
        "消防": {"火灾报警": 7, "电动车飞线充电": 14},
        "犬只": {"流浪犬": 14},
    },
    "矛盾纠纷": {"纠纷": {"邻里纠纷": 17, "家庭纠纷": 8}},
}
LEAVES = tuple(
    (major, minor, matter)
    for major, minors in CLASSES.items()
    for minor, matters in minors.items()
    for matter in matters
)
SHARES = tuple(CLASSES[a][b][c] for a, b, c in LEAVES)

SOURCES = ("12345热线", "110接警", "网格巡查")
KINDS = ("办理", "报备")
SOURCE_SHARES = {  # of a major class, a minor class or a matter; the finest that is listed holds
    "": (0.62, 0.06, 0.32),
    "供水": (0.58, 0.14, 0.28),
    "供热": (0.86, 0.02, 0.12),
    "噪声": (0.70, 0.20, 0.10),
    "施工噪声": (0.74, 0.14, 0.12),
    "市容环卫": (0.40, 0.01, 0.59),
    "事故": (0.06, 0.92, 0.02),
    "盗窃": (0.04, 0.94, 0.02),
    "消防": (0.20, 0.42, 0.38),
    "火灾报警": (0.04, 0.94, 0.02),
    "市场监管": (0.93, 0.05, 0.02),
    "矛盾纠纷": (0.24, 0.60, 0.16),
}

# Who acts on a class: {district} is filled in; an entry per street overrules it.
HANDLERS = {
    "供水排水": "云汀水务集团{short}分公司",
    "能源供应": "{district}公用事业中心",
    "供电": "云汀供电公司{short}供电所",
    "供气": "云汀燃气公司",
    "供热": "云汀热力公司",
    "生态环境": "{district}生态环境分局",
    "市容环卫": "{district}城市管理局",
    "交通出行": "{district}交警大队",
    "道路": "{district}市政养护中心",
    "共享单车": "{district}城市管理局",
    "公共设施": "{district}市政养护中心",
    "住房物业": "{district}住建局",
    "市场监管": "{district}市场监管局",
    "治安消防": "{district}公安分局",
    "消防": "{district}消防救援大队",
    "矛盾纠纷": "{district}综治中心",
}
CITY_HANDLERS = {  # who acts when the whole city is concerned
    "供水排水": "云汀市水务局",
    "能源供应": "云汀市公用事业局",
    "生态环境": "云汀市生态环境局",
    "市容环卫": "云汀市城市管理局",
    "交通出行": "云汀市公安局交警支队",
    "公共设施": "云汀市市政养护中心",
    "住房物业": "云汀市住建局",
    "市场监管": "云汀市市场监管局",
    "治安消防": "云汀市公安局",
    "矛盾纠纷": "云汀市综治中心",
}
STREET_HANDLERS = {
    ("市容环卫", "霜序镇"): "霜序镇综合行政执法队",
    ("市容环卫", "梨坞镇"): "梨坞镇综合行政执法队",
    ("噪声", "望舒街道"): "望舒街道夜间经济专班",
    ("供水", "听潮街道"): "听潮街道水务应急专班",
}

# Names anyone sees to be invented (the first surnames of the old primer, the ten heavenly stems) and a number
# segment, 154 0000, that has the shape of a mobile number.
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
STEMS = "甲乙丙丁戊己庚辛壬癸"
PHONE_HEAD = "1540000"

TEMPLATES = (
    "{road}{number}号附近{matter},请尽快处理",
    "市民反映{road}{number}号{matter}",
    "{road}{number}号旁{matter}",
    "来电称{road}{number}号{matter},要求回复",
)
PATROL_TEMPLATE = "巡查发现{road}{number}号{matter}"
POLICE_TEMPLATE = "{road}{number}号{matter}"


def handler(leaf: tuple[str, str, str], district: str, street: str = "") -> str:
    """The unit on duty for a class in a street: the finest entry that is listed."""
    major, minor, _ = leaf
    for name in (minor, major):
        if (name, street) in STREET_HANDLERS:
            return STREET_HANDLERS[name, street]
        if name in HANDLERS:
            return HANDLERS[name].format(district=district, short=district[:-1])
    return ""


def source_shares(leaf: tuple[str, str, str]) -> tuple[float, float, float]:
    """Shares of the three sources in a class, in the order of SOURCES."""
    return next(SOURCE_SHARES[name] for name in (*leaf[::-1], "") if name in SOURCE_SHARES)


def person(number: int) -> str:
    """One of the invented names."""
    return SURNAMES[number % len(SURNAMES)] + STEMS[number // len(SURNAMES) % len(STEMS)]
