"""What a unit of a run has to tell: in the dock, on a click, under the pointer; and files dropped on the window."""
