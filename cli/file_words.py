"""What each file and its coordinate system is for, in English and Chinese: said by the options, and in the schema."""

from __future__ import annotations

OF_SOURCES: dict[str, tuple[str, str]] = {
    "incidents": (
        "Incident files: CSV, XLSX, GeoPackage, GeoJSON, Parquet, zipped or not; one layer: file.gpkg|layer.",
        "事件文件:CSV、XLSX、GeoPackage、GeoJSON、Parquet,可为压缩包;图层写作 file.gpkg|图层名。可给多个。",
    ),
    "cells": (
        "Polygons of the grid or districts. Without it, cells are made.",
        "网格或行政区面文件;不给则自动生成网格。",
    ),
    "cells_before": (
        "Polygons of the division before, where a re-division is in a file of its own.",
        "调整前的网格面文件(调整前后各一个文件时)。",
    ),
    "cells_since": (
        "First day of today's cells, where neither file gives days of validity.",
        "现行网格的启用日期(两个文件均无生效日期时)。",
    ),
    "responsible": ("Table of 类别, 区域, 责任单位: class, area, responsible unit.", "分类×区域→责任单位对照表。"),
    "crs": (
        "CRS of incident coordinates that do not carry one, e.g. EPSG:4490.",
        "事件坐标系(文件未注明时),如 EPSG:4490。",
    ),
    "cells_crs": ("CRS of cells that do not carry one.", "网格坐标系(文件未注明时)。"),
    "class_policy": (
        "Class policy instead of the one brought along: classes refused, and classes only described.",
        "自有类别策略文件(不处理的类别、只描述的类别)。",
    ),
    "key": (
        "File with the key of pseudonyms, kept apart from all results; else GRIDBEACON_PSEUDONYM_KEY.",
        "假名密钥文件,须与成果分开存放;不给则取环境变量GRIDBEACON_PSEUDONYM_KEY。",
    ),
    "days": (
        "Days off and moved working days of further years: CSV with the columns date and kind (holiday, workday).",
        "放假与调休表:CSV,列为日期、类型(放假、上班),用于补充或更正某一年份。",
    ),
    "events": (
        "What is known to have changed: CSV with the columns start, end, name, category, effect.",
        "已知变化表(渠道并入、专项行动、供暖开始等):CSV,列为开始、结束、名称、类别、作用。",
    ),
    "rename": (
        "A class that has another name now, as old=new; may be given several times.",
        "已改名的类别,写作 旧名=新名,可给多个。",
    ),
    "remark": (
        "What a reader has to know of these data, printed with the results; may be given several times.",
        "对这批数据的说明(如只用了部分记录),随成果给出,可给多条。",
    ),
}
"""What a command reads incidents and cells from, and what is to be said of it."""

OF_RUNS: dict[str, tuple[str, str]] = {
    "plan": (
        "Settings, files and columns from a plan file; options given here win.",
        "从方案文件读取设置、文件与字段;命令行选项优先。",
    ),
    "preset": (
        "Settings for a purpose, over the defaults; a plan file and options win over them.",
        "按用途预设的参数,优先级低于方案文件与命令行选项(daily日常、weekly每周、wartime战时)。",
    ),
    "ledger": ("Record of earlier warnings, made if absent.", "预警台账,不存在则新建。"),
    "public": (
        "Also write a version for everyone: streets, no points, no counts below 8, round figures.",
        "另写一份公开版:到街道为止,无点位,少于8件不显示,其余取整。",
    ),
    "calibration": (
        "What `gridbeacon calibrate` learned on this city's history: how often chance lights a warning here.",
        "由 gridbeacon calibrate 生成的本市校准文件:没有异常时各级提示多久碰巧出现一次。",
    ),
    "repair": (
        "Use a repaired copy of the cells, written into the output folder; the file itself is never touched.",
        "使用网格的修复副本(写入成果文件夹),原文件不改动。",
    ),
    "basemap": (
        "Roads, water or boundaries beneath the briefing's cells (file.gpkg|layer), or one PNG exported from QGIS; "
        "may be given several times.",
        "晨报地图下的道路、水系、边界图层(file.gpkg|图层名),或一张QGIS导出的PNG;可给多个。",
    ),
    "basemap_crs": ("CRS of basemap files that do not carry one.", "底图坐标系(文件未注明时)。"),
}
"""What a run may be given besides."""
