"""Judges a warning in QGIS with no package of the engine: chosen, placed, judged, assigned, seen again."""

import importlib
import sys
import time

from session import FORBIDDEN, Session, answer, asked

wish = asked()
session = Session(wish.get("locale", "en"))
session.load(wish["name"])
widget = importlib.import_module(f"{wish['name']}.plugin.table.widget")
keeping = importlib.import_module(f"{wish['name']}.plugin.keeping")
host = importlib.import_module(f"{wish['name']}.plugin.host")
longest = 0.0


class Map(host.Host):
    """Remembers which places were asked for."""

    def __init__(self):
        super().__init__()
        self.places = []

    def show_place(self, folder, warning):
        self.places.append(warning["cell_name"])


def wait(until, seconds=60):
    global longest
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        start = time.thread_time()
        session.app.processEvents()
        longest = max(longest, time.thread_time() - start)
        time.sleep(0.002)


def still():
    wait(lambda: table.run is not None and not table.busy and not table.judging.writing)


def record(event, **answers):
    dialog = table.judging.begin(event)
    dialog.actor.setText("值班台")
    if "verdict" in answers:
        dialog.verdicts[answers["verdict"]].click()
    dialog.record.click()
    still()


def states():
    number = [column.name for column in table.columns.all].index("state")
    return [table.model.index(row, number).data() for row in range(table.model.rowCount())]


city = Map()
table = widget.WarningTable(city)
table.resize(480, 900)
table.show()
table.show_run(wish["run"], wish["ledger"])
still()
first = states()
table.view.doubleClicked.emit(table.model.index(0, 2))
record("judged", verdict="true")
record("assigned")
after = states()
life = table.panel.life.text().splitlines()
if wish.get("picture"):
    table.grab().save(wish["picture"])
told = {"first": first, "after": after, "life": life, "places": city.places, "message": table.message.text()}
told.update(rows=table.model.rowCount(), actor=keeping.recall("actor"), longest_ms=round(longest * 1000))
table.stop()
table.close()
session.unload(wish["name"])
answer(**told, loaded=[name for name in FORBIDDEN if sys.modules.get(name) is not None])
