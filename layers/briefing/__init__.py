"""Tables -> one offline HTML file."""

from .page import write_briefing

__all__ = ["write_briefing"]
