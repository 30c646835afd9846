"""The early-warning table: a run's warnings, why each was given, and what people did about it. Needs no engine."""
