"""Opens the Engine page from the menu in QGIS and tells what it shows: as it is, tested, with a wrong Python named,
and after an engine was made out of a folder of wheels."""

import os
import time

from session import Session, answer, asked

wish = asked()
session = Session(wish.get("locale", "en"))
plugin = session.load(wish["name"])
os.environ.update(wish.get("environment", {}))
action = next(action for action in plugin.actions if action.objectName() == "gridbeacon_engine")
longest = 0.0


def wait(until, seconds=400):
    """Let the window live until something holds; remembers the longest time in which it could not."""
    global longest
    end = last = time.monotonic()
    while not until() and time.monotonic() < end + seconds:
        session.app.processEvents()
        time.sleep(0.005)
        now = time.monotonic()
        longest, last = max(longest, now - last), now


def settled():
    """Nothing is being looked at, nothing is at work."""
    return page.job is None and not page.looking()


def shown():
    wait(settled)
    cards = {**page.ways.own.buttons, **page.ways.environment.buttons}
    if wish.get("picture"):
        page.grab().save(wish["picture"])
    return {
        "title": page.title.text(),
        "state": page.state.text(),
        "test": page.test.isEnabled(),
        "ways": page.stack.currentWidget() is page.ways,
        "buttons": {name: [button.text(), button.isEnabled()] for name, button in cards.items()},
        "own": page.ways.own.text.text(),
        "packages": [
            [page.table.item(row, column).text() for column in (0, 3)] for row in range(page.table.rowCount())
        ],
        "text": page.text.toPlainText(),
    }


action.trigger()
page = plugin.page
told = {"first": shown()}
if "test" in wish["acts"]:
    page.test.click()
    told["tested"] = shown()
if "name" in wish["acts"]:
    told["named"] = []
    for path in wish["paths"]:
        page.ways.named.set_path(path)
        told["named"].append(shown())
    page.ways.named.set_path("")
    told["forgotten"] = shown()
if "make" in wish["acts"]:
    import importlib
    from pathlib import Path

    engine = importlib.import_module(f"{wish['name']}.plugin.engine")
    wait(settled)
    page.make(engine.packages_from(page.bundled, Path(wish["wheels"])))
    told["made"] = shown()
    told["bundled"] = str(page.bundled)
session.unload(wish["name"])
answer(**told, longest=longest)
