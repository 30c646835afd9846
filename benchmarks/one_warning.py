"""One warning of the sample city from its evidence to its closing, as people go through it: docs/one-warning*.md.

    python benchmarks/one_warning.py [--docs docs]

Every command is run, in both languages, and what it printed stands on the pages; pictures are of Chromium. The unit's
answer comes back in the hand-over sheet, filled in by another library than the one that wrote it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl
from gridbeacon.sample_data import CELLS, INCIDENTS, RESPONSIBLE, sample_path
from PIL import Image
from playwright.sync_api import Page, sync_playwright

EVENTS = "events.csv"
WIDE = {"width": 1920, "height": 1080}

STORY: tuple[tuple[str, str, str, str], ...] = (
    (
        "judge",
        "--verdict true --note 电话核实主管爆裂 --actor 值班长",
        "2025-12-31 08:20",
        "The duty officer judges it",
    ),
    ("assign", "--actor 值班长", "2025-12-31 08:30", "assigns it to the unit it names"),
)
"""Command, what it is told, when, and why."""


class City:
    """A folder with a ledger and the runs of two mornings."""

    def __init__(self, folder: Path):
        self.folder, self.ledger = folder, folder / "ledger.sqlite"

    def call(self, *words: str, lang: str = "zh") -> str:
        """What a command says, or the end of this program."""
        environment = os.environ | {"GRIDBEACON_LANG": lang, "COLUMNS": "110"}
        done = subprocess.run(
            [sys.executable, "-m", "gridbeacon", *words], capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}\n{done.stderr}")
        return (done.stdout + done.stderr).strip()

    def morning(self, as_of: str) -> str:
        """The run of one morning; the path of its briefing."""
        out = self.folder / as_of
        files = [str(sample_path(name)) for name in INCIDENTS]
        options = ["--cells", str(sample_path(CELLS)), "--responsible", str(sample_path(RESPONSIBLE))]
        options += ["--events", str(sample_path(EVENTS)), "--city", "云汀市", "--ledger", str(self.ledger)]
        self.call("run", "--incidents", *files, *options, "--as-of", as_of, "--out", str(out), "--progress", "none")
        return str(out / "briefing.html")

    def record(self, *words: str, lang: str = "zh") -> str:
        """A command on the ledger."""
        return self.call("ledger", *words, "--ledger", str(self.ledger), lang=lang)


def fill_in(sheet: Path, answer: dict[str, str]) -> None:
    """The unit's answer in the first row of the hand-over sheet."""
    book = openpyxl.load_workbook(sheet)
    page = book.worksheets[0]
    heads = {str(cell.value).split("\n")[0]: cell for row in page.iter_rows(max_row=8) for cell in row if cell.value}
    row = heads["处理结果"].row + 1
    for name, value in answer.items():
        page.cell(row=row, column=heads[name].column, value=value)
    book.save(sheet)


def shoot(page: Page, briefing: str, path: Path, lang: str) -> None:
    """A picture of the page in one language, small enough for the docs."""
    page.goto(Path(briefing).as_uri())
    page.wait_for_selector("html[data-ready]")
    if lang == "en":
        page.click("#lang")
    page.wait_for_timeout(500)
    page.screenshot(path=path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").resize((1600, 900), Image.Resampling.LANCZOS)
        small.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)


def tell(text: str, folder: Path) -> str:
    """What a command printed, without paths of this machine."""
    return re.sub(r"\S*" + re.escape(folder.name) + r"\S*/", "", text)


WORDS = {
    "zh": {
        "title": "# 一条预警,从证据到销号",
        "lead": "示例城市的一条真实流程:命令都实际运行,输出原样列出(`python benchmarks/one_warning.py` 重新生成)。"
        "英文版:[one-warning.md](one-warning.md)。",
        "first": "## 1 清晨:为什么红\n\n2025年12月31日清晨的晨报。右侧一屏回答领导的五个问题:"
        "为什么是这个级别、与去年同期相比、谁负责、办了没有、会不会又是误报。",
        "list": "## 2 台账里等待研判",
        "judge": "## 3 研判与交办\n\n值班长电话核实,研判属实,交办给预警上写明的责任单位。",
        "sheet": "## 4 交办表发出,填好读回\n\n单位只填右侧四列;读回时账目必须平,再读一次不重复登记。",
        "second": "## 5 次日清晨:办了没有\n\n同一条预警延续(编号不变),晨报显示研判结论、交办单位、时限与关联工单办结。",
        "close": "## 6 核验与销号",
        "show": "## 7 全过程\n\n每一步何人何时做了什么;前后以哈希相连,改一个字都会被发现。",
    },
    "en": {
        "title": "# One warning, from its evidence to its closing",
        "lead": "A real passage through the sample city: every command was run, what it printed stands here as it "
        "was (`python benchmarks/one_warning.py` makes this page again). In Chinese: "
        "[one-warning.zh.md](one-warning.zh.md).",
        "first": "## 1 The morning: why red?\n\nThe briefing of the morning of 2025-12-31. One screen answers a "
        "leader's five questions: why this level, compared with last year, who is responsible, has it been handled, "
        "could it be another false alarm.",
        "list": "## 2 It waits in the ledger to be judged",
        "judge": "## 3 Judged and assigned\n\nThe duty officer calls, judges it true, and assigns it to the unit "
        "the warning names.",
        "sheet": "## 4 The hand-over sheet goes out and comes back\n\nThe unit fills in four columns. Reading it "
        "back gives an account that adds up; reading it again records nothing twice.",
        "second": "## 5 The next morning: has it been handled?\n\nThe same warning goes on under its own id; the "
        "page shows the verdict, the unit, and how many of its tickets are closed.",
        "close": "## 6 Verified and closed",
        "show": "## 7 The whole life\n\nWho did what and when; each event holds the hash of the one before, so that "
        "one changed letter is found.",
    },
}


def pages(city: City, docs: Path) -> dict[str, str]:
    """Go through the story; the two pages' texts."""
    told: dict[str, dict[str, str]] = {"zh": {}, "en": {}}
    with sync_playwright() as driver:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        page = driver.chromium.launch(executable_path=chromium).new_page(viewport=WIDE, reduced_motion="reduce")
        first = city.morning("2025-12-31")
        for lang in told:
            shoot(page, first, docs / f"one-warning-1-{lang}.png", lang)
            told[lang]["list"] = city.record("list", lang=lang)
        own = re.search(r"\b[0-9a-f]{6,16}\b", told["en"]["list"])
        if own is None:
            raise SystemExit("no warning was issued")
        key, copies = own[0][:6], {}
        for lang in told:  # each language has its own copy of the ledger, so that each says what it says the first time
            copies[lang] = City(city.folder / lang)
            copies[lang].folder.mkdir()
            shutil.copy(city.ledger, copies[lang].ledger)
        for lang, copy in copies.items():
            told[lang] |= until_answered(copy, key, lang)
        shutil.copy(copies["zh"].ledger, city.ledger)
        second = city.morning("2026-01-01")
        for lang in told:
            shoot(page, second, docs / f"one-warning-2-{lang}.png", lang)
        for lang, copy in copies.items():
            shutil.copy(city.ledger, copy.ledger)
            told[lang] |= closed(copy, key, lang)
        page.context.browser.close()
    return {lang: page_of(lang, told[lang], city.folder) for lang in told}


def until_answered(copy: City, key: str, lang: str) -> dict[str, str]:
    """Judged, assigned, and the unit's answer read back, twice."""
    said = []
    for command, options, time, _ in STORY:
        said.append(f"$ gridbeacon ledger {command} {key} {options}")
        said.append(copy.record(command, key, *options.split(), "--time", time, lang=lang))
    sheet = copy.folder / "交办表.xlsx"
    out = ["$ gridbeacon ledger export --out 交办表.xlsx", copy.record("export", "--out", str(sheet), lang=lang)]
    fill_in(
        sheet,
        {
            "处理结果": "已办理",
            "办理情况": "更换管段二十米,水压恢复",
            "经办单位": "听潮街道水务应急专班",
            "办理时间": "2025-12-31 17:40",
        },
    )
    for _ in range(2):
        out.append("$ gridbeacon ledger import 交办表.xlsx --actor 值班员")
        out.append(copy.record("import", str(sheet), "--actor", "值班员", "--time", "2025-12-31 18:05", lang=lang))
    return {"judge": "\n".join(said), "sheet": "\n".join(out)}


def closed(copy: City, key: str, lang: str) -> dict[str, str]:
    """Verified, closed, and the whole life."""
    steps = (("verify", "--note 回访三户均已供水", "2026-01-01 09:10"), ("close", "", "2026-01-01 09:30"))
    said = []
    for command, options, time in steps:
        said.append(f"$ gridbeacon ledger {command} {key} --actor 督办员 {options}".rstrip())
        said.append(copy.record(command, key, "--actor", "督办员", *options.split(), "--time", time, lang=lang))
    return {"close": "\n".join(said), "show": copy.record("show", key, lang=lang)}


def page_of(lang: str, told: dict[str, str], folder: Path) -> str:
    """One page: headings, what was printed, pictures."""
    words = WORDS[lang]
    block = lambda name: f"```\n{tell(told[name], folder)}\n```"  # noqa: E731
    parts = [words["title"], words["lead"], words["first"], f"![{words['title'][2:]}](one-warning-1-{lang}.png)"]
    parts += [words["list"], block("list"), words["judge"], block("judge"), words["sheet"], block("sheet")]
    parts += [words["second"], f"![{words['title'][2:]}](one-warning-2-{lang}.png)"]
    parts += [words["close"], block("close"), words["show"], block("show")]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", type=Path, default=Path(__file__).parents[1] / "docs")
    docs = parser.parse_args().docs
    with tempfile.TemporaryDirectory(prefix="gridbeacon-story-") as folder:
        for lang, text in pages(City(Path(folder)), docs).items():
            (docs / f"one-warning{'.zh' if lang == 'zh' else ''}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
