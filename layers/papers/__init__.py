"""Tables to paper: a one-page briefing in DOCX."""

from .onepage import write_docx

__all__ = ["write_docx"]
