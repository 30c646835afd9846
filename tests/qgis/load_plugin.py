"""Loads the plugin by name, tells what it brought, reloads it, and tells what it left behind."""

from session import Session, answer, asked

wish = asked()
session = Session(wish.get("locale", "en"))
name = wish["name"]


def described(definition):
    return {
        "type": definition.type(),
        "label": definition.description(),
        "help": definition.help(),
        "default": definition.defaultValue(),
        "optional": bool(definition.flags() & definition.FlagOptional),
        "advanced": bool(definition.flags() & definition.FlagAdvanced),
    }


plugin = session.load(name)
provider = session.provider()
algorithm = provider.algorithm("run")
algorithm = algorithm.create()
brought = {
    "algorithms": [item.id() for item in provider.algorithms()],
    "title": algorithm.displayName(),
    "help": algorithm.shortHelpString(),
    "parameters": {item.name(): described(item) for item in algorithm.parameterDefinitions()},
    "outputs": [item.name() for item in algorithm.outputDefinitions()],
    "menu": [action.text() for action in session.face.menu],
    "toolbar": [action.objectName() for action in session.face.toolbar],
    "icon": not algorithm.icon().isNull() and not algorithm.icon().pixmap(24, 24).isNull(),
}
del algorithm, provider, plugin

actions = len(session.face.window.actions()) + len(session.face.window.children())
for _ in range(wish.get("reloads", 0)):
    session.unload(name)
    session.load(name)
session.unload(name)
session.app.processEvents()
session.app.sendPostedEvents(None, 52)  # DeferredDelete: what was told to delete itself later does so now
answer(
    **brought,
    left={
        "provider": session.provider() is not None,
        "menu": len(session.face.menu),
        "toolbar": len(session.face.toolbar),
        "children_more": len(session.face.window.actions()) + len(session.face.window.children()) - actions,
    },
)
