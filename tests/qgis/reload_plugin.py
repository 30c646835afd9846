"""Loads and unloads the plugin many times in one session, opens its windows in every fifth, and tells what stays."""

from census import census, more, reload, settle, unload
from session import FORBIDDEN, Session, answer, asked

wish = asked()
session = Session(wish.get("locale", "en"))
name, patience = wish["name"], wish.get("patience", 10.0)


def open_everything():
    """Every action that opens a window without waiting for an answer."""
    opened = []
    for action in list(session.face.menu):
        if action.objectName() in wish["open"] and action.objectName() not in opened:
            opened.append(action.objectName())
            if not action.isChecked():
                action.trigger()
    settle()
    return opened


session.face.window.show()
session.load(name)  # once: what QGIS itself makes on first use is no leftover
open_everything()
unload(name)
before = census(name, session.face, patience)
opened = []
for number in range(wish["reloads"]):
    session.load(name)
    opened = open_everything() if number % 5 == 0 else opened
    unload(name)
after = census(name, session.face, patience)
session.load(name)
loaded = census(name, session.face, patience)
reload(name)
again = census(name, session.face, patience)
answer(
    left=more(before, after),
    before={"objects": before["objects"], "modules": before["modules"], "registered": before["registered"]},
    brought=sorted(more(after, loaded)),
    reloaded=more(loaded, again),
    opened=opened,
    signals=len(before["receivers"]),
    imported=[package for package in FORBIDDEN if __import__("sys").modules.get(package) is not None],
)
