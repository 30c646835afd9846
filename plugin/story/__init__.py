"""What a unit of a run has to tell: its story in the dock, on a click, under the pointer; files dropped on the window."""
