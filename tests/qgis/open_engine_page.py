"""Opens the Engine page from the menu, runs its self-test, names a Python that is not there, and forgets it again."""

import importlib
import os
import time

from session import Session, answer, asked

wish = asked()
session = Session()
plugin = session.load(wish["name"])
engine = importlib.import_module(f"{wish['name']}.plugin.engine")
os.environ.update(wish.get("environment", {}))


def wait(until, seconds=180):
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        session.app.processEvents()
        time.sleep(0.02)


next(action for action in plugin.actions if action.objectName() == "gridbeacon_engine").trigger()
page = plugin.page
first = {"state": page.state.text(), "enabled": page.test.isEnabled()}
page.test.click()
wait(page.test.isEnabled)
tested = page.text.toPlainText()
page.chosen.setFilePath("/nowhere/python")
named = {"state": page.state.text(), "enabled": page.test.isEnabled(), "setting": engine.named_python()}
page.chosen.setFilePath("")
forgotten = page.state.text()
if wish.get("picture"):
    page.grab().save(wish["picture"])
session.unload(wish["name"])
answer(first=first, tested=tested, named=named, forgotten=forgotten)
