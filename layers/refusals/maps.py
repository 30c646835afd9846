"""What cannot lie beneath the cells of a briefing, and what cannot be printed."""

from __future__ import annotations

MAPS: dict[str, tuple[str, str, str, str]] = {
    "E-MAP-001": (
        "the picture is not a PNG, or it is damaged",
        "图片不是PNG,或已损坏",
        "In QGIS: Project, Import/Export, Export Map to Image, format PNG.",
        "在QGIS中用“工程→导入/导出→导出地图为图片”,格式选PNG。",
    ),
    "E-MAP-002": (
        "nothing says where on earth the picture lies",
        "没有说明图片位于何处的文件",
        "Tick “Append georeference information” when exporting: the .pgw (or .pngw) must lie beside the PNG.",
        "导出时勾选“附加地理参考信息”:.pgw(或 .pngw)文件须与PNG放在一起。",
    ),
    "E-MAP-003": (
        "the picture's coordinate system is not known, or the picture cannot be placed in it",
        "图片的坐标系未知,或图片无法放入该坐标系",
        "Keep the .aux.xml or .prj beside the PNG, or name the system with --basemap-crs, e.g. EPSG:4490.",
        "把 .aux.xml 或 .prj 与PNG放在一起,或用 --basemap-crs 指定,如 EPSG:4490。",
    ),
    "E-MAP-004": (
        "the picture stays larger than the page may carry however small it is drawn",
        "图片缩到很小仍超过页面允许的大小",
        "Export it with fewer layers, without an aerial photograph.",
        "减少图层、去掉影像后重新导出。",
    ),
    "E-MAP-005": (
        "the picture has {width} × {height} pixels, and at most {most} million are read",
        "图片为{width}×{height}像素,最多读取{most}百万像素",
        "Export it at a lower resolution; 3000 pixels across are enough.",
        "降低分辨率重新导出,宽3000像素已足够。",
    ),
    "E-MAP-006": (
        "there is more than one picture for the basemap",
        "底图图片不止一张",
        "Name one PNG; vector layers may be several.",
        "只给一张PNG;矢量图层可给多个。",
    ),
    "E-MAP-007": (
        "the address of the tiles cannot be used",
        "瓦片地址不可用",
        "It is one https address with {{x}}, {{y}} and {{z}} once each, without quotes or spaces; see docs/basemap.md.",
        "应为一个https地址,含{{x}}、{{y}}、{{z}}各一次,不含引号和空格;见 docs/basemap.md。",
    ),
    "E-PRINT-001": (
        "there is no Chromium, Chrome or Edge to print with",
        "没有可用于打印的Chromium、Chrome或Edge",
        "Install one, or name it with --browser; or open the briefing and print it from there (Ctrl+P).",
        "请安装其一,或用 --browser 指定;也可打开晨报后自行打印(Ctrl+P)。",
    ),
    "E-PRINT-002": (
        "there is no such program",
        "没有这个程序",
        "Name the browser's program file, e.g. msedge.exe with its folder.",
        "给出浏览器程序文件的完整路径,如 msedge.exe 及其文件夹。",
    ),
    "E-PRINT-003": (
        "the browser made no file",
        "浏览器没有生成文件",
        "Name another with --browser; or open the briefing and print it from there (Ctrl+P).",
        "用 --browser 指定另一个浏览器;也可打开晨报后自行打印(Ctrl+P)。",
    ),
    "E-PRINT-004": (
        "the browser did not finish within {seconds} s and was ended",
        "浏览器{seconds}秒内没有完成,已结束",
        "Close other programs and try again, or print from the opened briefing (Ctrl+P).",
        "关闭其他程序后重试,或打开晨报后自行打印(Ctrl+P)。",
    ),
    "E-MAP-008": (
        "the layer holds neither lines nor areas",
        "图层中没有线或面",
        "Name a layer of roads, water or boundaries; a layer of a file is written file.gpkg|layer.",
        "请给出道路、水系或边界图层;图层写作 file.gpkg|图层名。",
    ),
}
